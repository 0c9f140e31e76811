"""What Prometheus asks for: how many films stand where, what is to be sent, how requests end and how long they take."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from boneage.serve.site import Site
from boneage.serve.web.limits import method_of, route_of

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class _Stands(Collector):
    """Asked of the database when Prometheus asks."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def collect(self) -> Iterable[Metric]:
        films = GaugeMetricFamily("boneage_films", "Films by where they stand in the worklist", labels=["state"])
        for state, count in self.site.worklist.counts().items():
            films.add_metric([state.value], count)
        yield films
        deliveries = GaugeMetricFamily("boneage_deliveries", "Reports to be sent, by how far they are", labels=["state"])
        for handover, count in self.site.outbox.counts().items():
            deliveries.add_metric([handover.value], count)
        yield deliveries


class Measured:
    """The metrics of one app."""

    def __init__(self, site: Site) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Stands(site))
        labels = ("method", "route", "status")
        self.requests = Counter("boneage_requests", "Requests by how they ended", labels, registry=self.registry)
        self.seconds = Histogram(
            "boneage_request_seconds", "How long they took", labels[:2], registry=self.registry, buckets=BUCKETS
        )

    async def __call__(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Starlette's middleware: counts under the route's pattern, so no address with a film's number is kept."""
        began, status = time.perf_counter(), 500
        try:
            response = await call_next(request)
            status = response.status_code
        finally:
            labels = (method_of(request.scope), route_of(request.scope))
            self.requests.labels(*labels, str(status)).inc()
            self.seconds.labels(*labels).observe(time.perf_counter() - began)
        return response
