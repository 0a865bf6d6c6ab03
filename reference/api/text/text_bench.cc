#include <benchmark/benchmark.h>

#include "reference/api/text/quantity.h"

namespace plumb::api {
namespace {

void canonicalise(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(is_canonical_quantity(text));
  }
}
BENCHMARK_CAPTURE(canonicalise, milli, "100m");
BENCHMARK_CAPTURE(canonicalise, mebi, "128Mi");

void parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(Quantity::parse(text));
  }
}
BENCHMARK_CAPTURE(parse, milli, "100m");
BENCHMARK_CAPTURE(parse, mebi, "128Mi");

}  // namespace
}  // namespace plumb::api
