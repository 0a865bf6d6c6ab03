#include <benchmark/benchmark.h>
#include <simdjson.h>

#include "reference/api/doc/document.h"

namespace plumb::api {
namespace {

// About 5 KB, of the shape of a pod with a few containers and its status.
std::string pod() {
  std::string containers;
  for (int i = 0; i < 4; ++i) {
    containers += std::string(i ? "," : "") + R"({"name":"container-)" + std::to_string(i) +
                  R"(","image":"registry.example.com/team/service:v1.2.3","args":["--listen=:8080","--config=/etc/config/service.yaml"],)"
                  R"("ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"env":[{"name":"POD_NAME","valueFrom":{"fieldRef":)"
                  R"({"apiVersion":"v1","fieldPath":"metadata.name"}}},{"name":"MODE","value":"production"}],"resources":{"limits":)"
                  R"({"cpu":"500m","memory":"128Mi"},"requests":{"cpu":"100m","memory":"64Mi"}},"livenessProbe":{"httpGet":{"path":"/healthz",)"
                  R"("port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},)"
                  R"("terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent",)"
                  R"("volumeMounts":[{"name":"config","mountPath":"/etc/config","readOnly":true}]})";
  }
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"service-7d9c5b8f6d-x2x4z","namespace":"production","uid":)"
         R"("3f1b2c4d-5e6f-4a1b-8c2d-9e0f1a2b3c4d","resourceVersion":"123456","creationTimestamp":"2024-01-01T00:00:00Z","labels":{"app":)"
         R"("service","pod-template-hash":"7d9c5b8f6d"}},"spec":{"containers":[)" +
         containers +
         R"(],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","nodeName":"node-17"},"status":{"phase":"Running",)"
         R"("conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2024-01-01T00:00:05Z"}],"podIP":"10.1.2.3"}})";
}

std::size_t walk(simdjson::dom::element element) {
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY: {
      std::size_t sum = 0;
      for (auto item : element.get_array()) sum += walk(item);
      return sum;
    }
    case simdjson::dom::element_type::OBJECT: {
      std::size_t sum = 0;
      for (auto field : element.get_object()) sum += field.key.size() + walk(field.value);
      return sum;
    }
    case simdjson::dom::element_type::STRING:
      return std::string_view(element.get_string()).size();
    default:
      return 1;
  }
}

void parse_and_free(benchmark::State& state) {
  const std::string text = pod();
  for (auto _ : state) {
    auto parsed = parse_json(text);
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(parse_and_free);

void simdjson_walk(benchmark::State& state) {
  const simdjson::padded_string text = pod();
  simdjson::dom::parser parser;
  for (auto _ : state) benchmark::DoNotOptimize(walk(parser.parse(text)));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(simdjson_walk);

void write(benchmark::State& state) {
  const Doc doc = *parse_json(pod());
  std::string out;
  for (auto _ : state) {
    out.clear();
    doc.append_json(out);
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(write);

}  // namespace
}  // namespace plumb::api
