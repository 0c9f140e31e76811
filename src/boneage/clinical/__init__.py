"""8. What medicine knows of bone ages: norms, stages of development, adult height. Tables as CSV beside the code."""
