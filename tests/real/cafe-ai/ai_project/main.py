"""A service that would rate texts with two models; it says which it found, and on which machine."""
import pathlib
import platform

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

MODELS = pathlib.Path(__file__).parent / "models"


def about(request):
    return JSONResponse({"machine": platform.machine(), "models": sorted(p.name for p in MODELS.glob("*.pt"))})


app = Starlette(routes=[Route("/", about)])
