"""A TCP proxy that breaks connections on purpose, in a process of its own."""

from loadtests.proxy.controller import FaultProxy, ProxyRefused
from loadtests.proxy.plan import Cut, How, Plan

__all__ = ["Cut", "FaultProxy", "How", "Plan", "ProxyRefused"]
