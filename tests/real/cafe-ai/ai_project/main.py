"""A service that would rate texts with two models; it says what is in them, and on which machine it runs."""
import pathlib
import platform

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

MODELS = pathlib.Path(__file__).parent / "models"


def about(request):
    models = {path.name: path.read_text().strip() for path in sorted(MODELS.glob("*.pt"))}
    return JSONResponse({"machine": platform.machine(), "models": models})


app = Starlette(routes=[Route("/", about)])
