"""What wrk prints is parsed, and rounds are summarized."""

import pytest
from wrk import parse, summarize

PRINTED = """Running 3s test @ http://127.0.0.1:5000/predict
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    14.74ms    5.00ms  99.00ms   90.00%
    Req/Sec     1.03k    50.00     1.10k    80.00%
  Latency Distribution
     50%  980.00us
     75%   17.00ms
     90%   22.00ms
     99%    1.20s
  3000 requests in 3.00s, 1.00MB read
  Socket errors: connect 1, read 2, write 0, timeout 3
  Non-2xx or 3xx responses: 4
Requests/sec:   1000.00
Transfer/sec:    341.00KB
"""


def test_rate_latencies_errors_and_processor_time():
    assert parse(PRINTED, cpu_s=6.0) == {
        "rate": 1000.0,
        "p50_ms": pytest.approx(0.98),
        "p99_ms": pytest.approx(1200),
        "cpu_us": pytest.approx(2000),
        "errors": 10,
    }


def test_ratios_are_of_rates_round_by_round():
    def rounds(*rates):
        return [parse(PRINTED, 6.0) | {"rate": rate} for rate in rates]

    summary = summarize({"ours": rounds(100, 200, 300), "theirs": rounds(200, 200, 200)})
    assert summary["rounds"] == 3
    assert summary["measured"]["ours"]["rate"] == [150, 200, 250]
    assert summary["measured"]["ours"]["errors"] == 30
    assert summary["rate_ratios"] == {"theirs": [0.75, 1.0, 1.25]}
