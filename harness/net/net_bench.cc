// Requests a second for a 2 KB answer, over each way to talk; server and client have one thread each.
#include <benchmark/benchmark.h>

#include <future>

#include "harness/net/test_support.h"

namespace plumb::net {
namespace {

using namespace testing;

void get_2k(benchmark::State& state, Way way) {
  const Bytes body = bytes(std::string(2048, 'x'));
  ClientOptions options;
  options.http2_connections = 4;
  const auto pair = make_pair(way, [body](Request, ResponseWriter writer) { writer.send(200, {{"Content-Type", "application/json"}}, body); },
                              server_options(way), options);
  constexpr int kBatch = 5'000, kInFlight = 256;
  for (auto _ : state) {
    struct Run {
      HttpClient* client;
      int started = 0, done = 0;
      std::promise<void> all;
      void next() {
        if (started++ < kBatch) client->send_async({}, [this](Result<ClientResponse> response) {
          if (!response.ok() || response->body.size() != 2048) std::abort();
          if (++done == kBatch) return all.set_value();
          next();
        });
      }
    } run{pair.client.get()};
    auto future = run.all.get_future();
    pair.client->reactor()->post([&run] {
      for (int i = 0; i < kInFlight; ++i) run.next();
    });
    future.get();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

BENCHMARK_CAPTURE(get_2k, h1, Way::h1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(get_2k, h1_tls, Way::h1_tls)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(get_2k, h2c, Way::h2c)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(get_2k, h2_tls, Way::h2_tls)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace plumb::net
