"""The networks as torch modules; the runtime never imports them."""
