"""A service that would rate texts with two models; it says which it found, and on which machine."""
import pathlib
import platform

from fastapi import FastAPI

MODELS = pathlib.Path(__file__).parent / "models"
app = FastAPI()


@app.get("/")
def about():
    return {"machine": platform.machine(), "models": sorted(p.name for p in MODELS.iterdir() if p.suffix == ".pt")}
