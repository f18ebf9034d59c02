"""Requests keep their manners whatever a server does."""

from __future__ import annotations

import pytest

from changping_geo.fetch.asks import Ask, FetchError, OfflineError, StatusError
from changping_geo.fetch.checks import is_json, is_tiff, is_zip
from changping_geo.fetch.client import AGENT, Client
from changping_geo.fetch.remote import RemoteFile

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
HOSTS = ("data.example",)
URL = "https://data.example/a.json"
GOOD = b'{"a": 1}'


def ask(url=URL, **more):
    return Ask(url, HOSTS, **{"gap_s": 0.0, **more})


@pytest.fixture
def json_file(service):
    service.files["data.example/a.json"] = GOOD
    return service


def test_a_request_names_the_project(json_file, client):
    assert client.read(ask()).body == GOOD
    assert json_file.log[-1][2]["User-Agent"] == AGENT
    assert AGENT.startswith("changping-geo/")


@pytest.mark.parametrize(
    "reply",
    [
        (429, b"busy"),
        (503, b"busy"),
        (504, b"<html>gateway</html>"),
        (200, GOOD, {"cut": 3}),
        (200, b"<html>an error page with status 200</html>"),
        (200, GOOD[:-1]),
    ],
)
def test_what_may_pass_is_tried_again(json_file, client, clock, reply):
    json_file.fail("data.example/", reply, reply)
    assert client.read(ask(check=is_json)).body == GOOD
    assert clock.waits == [2.0, 4.0]


def test_a_server_that_says_when_to_come_back_is_believed_but_not_for_hours(json_file, client, clock):
    json_file.fail("data.example/", (429, b"", {"headers": {"Retry-After": "30"}}))
    json_file.fail("data.example/", (429, b"", {"headers": {"Retry-After": "86400"}}))
    json_file.fail("data.example/", (429, b"", {"headers": {"Retry-After": "Fri, 01 Jan 1999 00:00:00 GMT"}}))
    json_file.fail("data.example/", (429, b"", {"headers": {"Retry-After": "soon"}}))
    client.read(ask())
    assert clock.waits == [30.0, 120.0, 8.0, 16.0]


def test_waits_are_spread_by_chance(json_file, clock):
    drawn = iter([0.0, 1.0])
    spread = Client(clock=clock, sleep=clock.sleep, chance=lambda: next(drawn), route=json_file.url)
    json_file.fail("data.example/", (503, b""), (503, b""))
    spread.read(ask())
    spread.close()
    assert clock.waits == [1.0, 6.0]


def test_patience_ends_and_says_why(json_file, client, clock):
    json_file.fail("data.example/", *[(504, b"")] * 3)
    with pytest.raises(FetchError, match=r"504.*3 tries.*try again later"):
        client.read(ask(tries=3))
    assert len(clock.waits) == 2


def test_a_refusal_for_good_is_not_tried_again(json_file, client, clock):
    with pytest.raises(StatusError, match="404"):
        client.read(ask("https://data.example/none"))
    assert clock.waits == []


def test_an_answer_that_stops_is_left_and_asked_for_again(json_file, clock):
    hasty = Client(clock=clock, sleep=clock.sleep, chance=lambda: 0.5, route=json_file.url, timeout=(2.0, 0.15))
    json_file.fail("data.example/", (200, GOOD, {"pause": 0.6}))
    assert hasty.read(ask()).body == GOOD
    hasty.close()
    assert clock.waits == [2.0]


def test_an_answer_that_drips_for_ever_is_left(json_file, client, clock, monkeypatch):
    monkeypatch.setattr(type(clock), "__call__", lambda self: self.waits.append(None) or 1000.0 * len(self.waits))
    with pytest.raises(FetchError, match="bytes in 900 s"):
        client.read(ask(tries=1))


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/a.json", "http://data.example/a.json", "file:///etc/passwd", "https://data.example.evil/a"],
)
def test_nobody_leads_to_another_host_or_off_https(json_file, client, target):
    json_file.files["evil.example/a.json"] = GOOD
    json_file.fail("data.example/", (302, b"", {"headers": {"Location": target}}))
    with pytest.raises(FetchError, match=r"not one of data.example|only https"):
        client.read(ask())
    assert [path for _, path, _, _ in json_file.log] == ["data.example/a.json"]


def test_within_the_host_a_redirect_is_followed_but_not_in_circles(json_file, client):
    json_file.fail("data.example/old", (301, b"", {"headers": {"Location": "/a.json"}}))
    assert client.read(ask("https://data.example/old")).body == GOOD
    json_file.fail("data.example/loop", *[(302, b"", {"headers": {"Location": "/loop"}})] * 9)
    with pytest.raises(FetchError, match="more than 5 times"):
        client.read(ask("https://data.example/loop"))


def test_an_answer_that_is_too_long_is_not_taken(json_file, client):
    with pytest.raises(FetchError, match="not taken"):
        client.read(ask(most=4))


def test_requests_to_one_host_keep_their_distance(json_file, client, clock):
    for _ in range(3):
        client.read(ask(gap_s=1.5))
    assert clock.waits == [1.5, 1.5]


def test_without_a_way_out_it_is_said_at_once(clock):
    dead = Client(clock=clock, sleep=clock.sleep, route=lambda _: "http://127.0.0.1:9/")
    with pytest.raises(OfflineError, match=r"no connection to a.example, b.example"):
        dead.reach(["a.example", "b.example"])
    dead.close()
    assert clock.waits == []


def test_any_answer_means_that_there_is_a_way_out(service, client):
    client.reach(["data.example"])
    assert service.log[0][0] == "HEAD"


# Downloads into a file

ZIP = b"PK\x03\x04" + bytes(range(256)) * 2000


@pytest.fixture
def packed(service):
    service.files["data.example/a.zip"] = ZIP
    return service


def zip_ask(**more):
    return ask("https://data.example/a.zip", check=is_zip, **more)


def test_a_cut_download_goes_on_where_it_ended(packed, client, tmp_path):
    packed.fail("data.example/", (200, ZIP, {"headers": {"ETag": f'"{len(ZIP)}"'}, "cut": 200_000}))
    path = client.download(zip_ask(), tmp_path / "a.zip")
    assert path.read_bytes() == ZIP
    came = int(packed.log[-1][2]["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < came <= len(ZIP) - 200_000
    assert packed.served["data.example/a.zip"] <= len(ZIP) + 65_536
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_it_also_goes_on_in_another_process(packed, client, tmp_path):
    packed.fail("data.example/", (200, ZIP, {"headers": {"ETag": f'"{len(ZIP)}"'}, "cut": 200_000}))
    with pytest.raises(FetchError):
        client.download(zip_ask(tries=1), tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
    assert client.download(zip_ask(), tmp_path / "a.zip").read_bytes() == ZIP
    assert packed.log[-1][2]["If-Range"] == f'"{len(ZIP)}"'


def test_a_file_that_changed_meanwhile_begins_anew(packed, client, tmp_path):
    packed.fail("data.example/", (200, b"PK\x03\x04old" * 30_000, {"headers": {"ETag": '"old"'}, "cut": 100_000}))
    assert client.download(zip_ask(), tmp_path / "a.zip").read_bytes() == ZIP


def test_a_download_of_another_kind_is_not_kept(packed, client, tmp_path):
    packed.files["data.example/a.zip"] = b"<html>"
    with pytest.raises(FetchError, match="no zip"):
        client.download(zip_ask(tries=2), tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_asked_for_again(packed, client, tmp_path):
    client.download(zip_ask(), tmp_path / "a.zip")
    before = len(packed.log)
    client.download(zip_ask(), tmp_path / "a.zip")
    assert len(packed.log) == before


# Files read in parts

TIFF = b"II*\x00" + bytes(range(251)) * 4000


@pytest.fixture
def raster(service):
    service.files["data.example/a.tif"] = TIFF
    return service


def part(first, last):
    return ask("https://data.example/a.tif", span=(first, last))


def test_only_the_blocks_that_are_read_are_downloaded(raster, client):
    remote = RemoteFile(client, part, is_tiff, block=1000)
    reader = remote.open()
    reader.seek(-4, 2)
    assert reader.read() == TIFF[-4:]
    reader.seek(500_100)
    assert reader.read(2500) == TIFF[500_100:502_600]
    remote.read(500_200, 300)
    assert remote.size == len(TIFF)
    assert raster.served["data.example/a.tif"] == 1000 + len(TIFF) % 1000 + 3000
    assert len(raster.log) == 3


def test_a_file_that_changes_while_it_is_read_is_refused(raster, client):
    remote = RemoteFile(client, part, is_tiff, block=1000)
    raster.files["data.example/a.tif"] = TIFF + b"more"
    with pytest.raises(FetchError, match="changed while it was read"):
        remote.read(5000, 10)


def test_a_server_without_parts_is_refused(raster, client):
    raster.ranges = False
    with pytest.raises(FetchError, match="does not serve parts"):
        RemoteFile(client, part, is_tiff)
