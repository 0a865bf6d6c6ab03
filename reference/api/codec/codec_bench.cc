// The codecs on a running pod of 5 KB, against simdjson's full walk over the same bytes: parsed into its tree, every value visited. What must
// hold in one run of a release build: decode_json <= 2.5 x simdjson_walk, decode_protobuf <= decode_json, held_per_json_byte <= 1.5.
// simdjson_stream is its on-demand reader, which keeps nothing at all: the floor of any decoder built on that one.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/types/corev1.h"
#include "reference/api/walk.h"

namespace plumb::api {
namespace {

namespace od = simdjson::ondemand;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "codec_bench: %s\n", why.c_str());
  std::exit(1);
}

const std::string& pod_json() {
  static const std::string text = [] {
    std::ifstream in(PLUMB_SOURCE_DIR "/fixtures/pods/pod-5k.json", std::ios::binary);
    std::string read(std::istreambuf_iterator<char>(in), {});
    if (read.empty()) stop("cannot read " PLUMB_SOURCE_DIR "/fixtures/pods/pod-5k.json");
    return read;
  }();
  return text;
}

std::shared_ptr<Object> pod() {
  DecodeReport report;
  auto decoded = decode_json(corev1::Pod::info(), pod_json(), &report);
  if (!decoded.ok()) stop(decoded.error().message);
  if (report.total > 0) stop(report.problems.front());
  std::string again;
  encode_json(**decoded, again);
  if (again != pod_json()) stop("the pod does not come back as it was: " + again);
  return std::move(*decoded);
}

std::string pod_protobuf() {
  std::string out;
  encode_protobuf(*pod(), out);
  return out;
}

void per_byte(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(size));
}

// Every key, string and number is read; nothing is kept.
std::uint64_t walk(od::value value) {
  switch (value.type()) {
    case od::json_type::array: {
      std::uint64_t sum = 0;
      for (auto item : value.get_array()) sum += walk(item.value());
      return sum;
    }
    case od::json_type::object: {
      std::uint64_t sum = 0;
      for (auto field : value.get_object()) sum += std::string_view(field.unescaped_key()).size() + walk(field.value());
      return sum;
    }
    case od::json_type::string:
      return std::string_view(value.get_string()).size();
    case od::json_type::number:
      return static_cast<std::uint64_t>(std::int64_t(value.get_int64()));
    case od::json_type::boolean:
      return bool(value.get_bool());
    case od::json_type::null:
      return 0;
  }
  return 0;
}

void simdjson_stream(benchmark::State& state) {
  const simdjson::padded_string text(pod_json());
  od::parser parser;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    od::document document = parser.iterate(text);
    for (auto field : document.get_object()) sum += std::string_view(field.unescaped_key()).size() + walk(field.value());
    benchmark::DoNotOptimize(sum);
  }
  per_byte(state, text.size());
}
BENCHMARK(simdjson_stream);

std::uint64_t walk(simdjson::dom::element element) {
  std::uint64_t sum = 0;
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY:
      for (auto item : element.get_array()) sum += walk(item);
      return sum;
    case simdjson::dom::element_type::OBJECT:
      for (auto field : element.get_object()) sum += field.key.size() + walk(field.value);
      return sum;
    case simdjson::dom::element_type::STRING:
      return std::string_view(element.get_string()).size();
    case simdjson::dom::element_type::INT64:
      return static_cast<std::uint64_t>(std::int64_t(element.get_int64()));
    default:
      return 1;
  }
}

void simdjson_walk(benchmark::State& state) {
  const simdjson::padded_string text(pod_json());
  simdjson::dom::parser parser;
  for (auto _ : state) {
    std::uint64_t sum = walk(parser.parse(text));
    benchmark::DoNotOptimize(sum);
  }
  per_byte(state, text.size());
}
BENCHMARK(simdjson_walk);

void decode_pod_json(benchmark::State& state) {
  const std::string text = pod_json();
  for (auto _ : state) {
    auto decoded = decode_json(corev1::Pod::info(), text);
    benchmark::DoNotOptimize(decoded);
  }
  per_byte(state, text.size());
}
BENCHMARK(decode_pod_json)->Name("decode_json");

void decode_pod_json_strictly(benchmark::State& state) {
  const std::string text = pod_json();
  for (auto _ : state) {
    DecodeReport report;
    auto decoded = decode_json(corev1::Pod::info(), text, &report);
    benchmark::DoNotOptimize(decoded);
  }
  per_byte(state, text.size());
}
BENCHMARK(decode_pod_json_strictly)->Name("decode_json_strict");

void decode_pod_protobuf(benchmark::State& state) {
  const std::string bytes = pod_protobuf();
  for (auto _ : state) {
    auto decoded = decode_protobuf(bytes);
    benchmark::DoNotOptimize(decoded);
  }
  per_byte(state, bytes.size());
}
BENCHMARK(decode_pod_protobuf)->Name("decode_protobuf");

void encode_pod_json(benchmark::State& state) {
  const auto object = pod();
  std::string out;
  for (auto _ : state) {
    out.clear();
    encode_json(*object, out);
    benchmark::DoNotOptimize(out.data());
  }
  per_byte(state, out.size());
}
BENCHMARK(encode_pod_json)->Name("encode_json");

void encode_pod_protobuf(benchmark::State& state) {
  const auto object = pod();
  std::string out;
  for (auto _ : state) {
    out.clear();
    encode_protobuf(*object, out);
    benchmark::DoNotOptimize(out.data());
  }
  per_byte(state, out.size());
}
BENCHMARK(encode_pod_protobuf)->Name("encode_protobuf");

// The time is that of a deep copy; the counters say what one object holds, however it was decoded.
void clone_pod(benchmark::State& state) {
  const auto object = pod();
  for (auto _ : state) {
    auto copy = clone(*object);
    benchmark::DoNotOptimize(copy);
  }
  auto from_protobuf = decode_protobuf(pod_protobuf());
  if (!from_protobuf.ok()) stop(from_protobuf.error().message);
  const auto size = static_cast<double>(pod_json().size());
  state.counters["held_per_json_byte"] = static_cast<double>(memory_held(*object)) / size;
  state.counters["held_from_protobuf"] = static_cast<double>(memory_held(**from_protobuf)) / size;
}
BENCHMARK(clone_pod)->Name("clone");

}  // namespace
}  // namespace plumb::api
