"""LangServe as its own guide sets it up. `BENCH_GC` gives the garbage collector the thresholds we use."""

import gc
import os

from fastapi import FastAPI
from langserve import add_routes

from loadtests.bench.chain import lcel

app = FastAPI()
add_routes(app, lcel(), path="/chain", enabled_endpoints=["stream", "invoke"])

if thresholds := os.environ.get("BENCH_GC"):
    gc.collect()
    gc.freeze()
    gc.set_threshold(*map(int, thresholds.split(",")))
