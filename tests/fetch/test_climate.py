"""Climate services: their answers are kept as they are, and the climate reader reads them."""

from __future__ import annotations

import json

import pytest

from changping_geo.fetch import engine
from changping_geo.model import Status
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_the_typical_year_of_pvgis_becomes_the_solar_climate(bare, climate, client):
    told = engine.fetch(bare, ["solar_climate"], client=client)
    layer = Workspace(bare).layer("solar_climate")
    assert layer.status is Status.OPEN
    assert layer.data.attrs["format"] == "PVGIS TMY"
    assert float(layer.data["ghi"].sum()) / 1000.0 == pytest.approx(1375.0, rel=0.02)
    assert "PVGIS-ERA5 (2023)" in told
    assert "lat=40.2294&lon=120.0587" in climate.log[-1][1]


def test_the_years_of_nasa_power_become_one_series(bare, climate, client, monkeypatch):
    monkeypatch.setattr("changping_geo.fetch.power.YEARS", 2)
    engine.fetch(bare, ["solar_climate"], "power", client=client)
    layer = Workspace(bare).layer("solar_climate")
    asked = [path for method, path, _, _ in climate.log if method == "GET"]
    assert len(asked) == 2
    assert layer.data.attrs["format"] == "NASA POWER"
    assert layer.data.sizes["time"] in {2 * 8760, 2 * 8760 + 24}
    assert float(layer.data["ghi"].sum()) / 2000.0 == pytest.approx(1375.0, rel=0.02)


def test_an_answer_that_is_no_weather_is_not_kept(bare, climate, client):
    climate.answers["re.jrc.ec.europa.eu/api/v5_3/tmy"] = lambda *_: json.dumps({"message": "sea"}).encode()
    with pytest.raises(Exception, match="no inputs and outputs"):
        engine.fetch(bare, ["solar_climate"], client=client)
    assert not (bare / "data_raw" / "open").exists()


def test_weather_that_the_contract_refuses_is_not_kept(bare, climate, client):
    right = climate.answers["re.jrc.ec.europa.eu/api/v5_3/tmy"]
    far = right("", "").replace(b'"latitude": 40.2294', b'"latitude": 10.0')
    climate.answers["re.jrc.ec.europa.eu/api/v5_3/tmy"] = lambda *_: far
    with pytest.raises(Exception, match="km"):
        engine.fetch(bare, ["solar_climate"], client=client)
    assert not (bare / "data_raw" / "open").exists()
    assert not list((bare / ".cache").rglob("draft-*"))
