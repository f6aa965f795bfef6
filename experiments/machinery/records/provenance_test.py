"""What tells one processor from another."""

from experiments.machinery.records import provenance as module

CPUINFO = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 26
model\t\t: {model}
model name\t: AMD EPYC
stepping\t: 1
flags\t\t: fpu sse4_2 avx2 avx fma rdrand{more}

processor\t: 1
flags\t\t: avx1024
"""


def said(tmp_path, monkeypatch, model=2, more=""):
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO.format(model=model, more=more))
    monkeypatch.setattr(module, "CPUINFO", path)
    return module._processor()


def test_processors_of_one_name_are_told_apart(tmp_path, monkeypatch):
    found = said(tmp_path, monkeypatch)
    assert found == {"processor": "AMD EPYC", "hardware": "AuthenticAMD 26 2 1 avx avx2 fma sse4_2"}
    assert said(tmp_path, monkeypatch, model=17) != found
    more = said(tmp_path, monkeypatch, more=" avx512f")
    assert more["hardware"].endswith("avx2 avx512f fma sse4_2")


def test_where_linux_does_not_say_it_the_kind_of_machine_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CPUINFO", tmp_path / "none")
    assert module._processor()["hardware"] == module.platform.machine()
