#include "perf/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "harness/base/encoding.h"
#include "harness/net/client.h"
#include "harness/net/server.h"
#include "perf/live_metrics.h"
#include "perf/run_space.h"

namespace plumb::perf {
namespace {

using nlohmann::json;

// As much of an API server as the scenarios use: objects by path, watches, and controllers that do their work at once.
class FakeCluster {
 public:
  FakeCluster() {
    auto server = net::Server::start({}, [this](net::Request request, net::ResponseWriter answer) { handle(request, std::move(answer)); });
    EXPECT_TRUE(server.ok());
    server_ = std::move(*server);
    config.server = "http://127.0.0.1:" + std::to_string(server_->port());
  }

  client::Config config;
  bool schedules = true;      // pods get a node, deployments a status
  std::string hidden_group;   // "/apis/apps/v1": served no more
  int refuse_creates = 0;     // status to answer to creates in namespaces; 0: none

  void put(const std::string& path, const json& object) {
    std::lock_guard lock(mutex_);
    objects_[path] = object;
  }
  // Of all objects that have it, in the order of their paths.
  std::vector<std::string> texts(const std::string& pointer) {
    std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& [path, object] : objects_) {
      if (const json::json_pointer at(pointer); object.contains(at)) found.push_back(object[at]);
    }
    return found;
  }
  std::size_t count(const std::string& part) {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(objects_.begin(), objects_.end(), [&](const auto& entry) { return entry.first.find(part) != std::string::npos; }));
  }

 private:
  struct Watcher {
    std::string collection, name, query;
    net::ResponseWriter answer;
  };

  // Whether the object has the one label that the query asks for.
  static bool selected(const json& object, const std::string& query) {
    const std::string decoded = url_decode(query).value_or("");
    const auto at = decoded.find("labelSelector=");
    if (at == std::string::npos) return true;
    const std::string wanted = decoded.substr(at + 14, decoded.find('&', at) - at - 14), key = wanted.substr(0, wanted.find('='));
    const json labels = object["metadata"].value("labels", json::object());
    return labels.contains(key) && (wanted == key || labels[key] == wanted.substr(key.size() + 1));
  }
  static std::string name_wanted(const std::string& query) {
    const std::string decoded = url_decode(query).value_or("");
    const auto at = decoded.find("metadata.name=");
    return at == std::string::npos ? "" : decoded.substr(at + 14, decoded.find('&', at) - at - 14);
  }
  static std::string collection_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
  static bool is_collection(const std::string& path) {
    const auto parts = split(path, '/');
    const std::size_t group = parts[1] == "api" ? 3 : 4;
    return (parts.size() - group) % 2 == 1;
  }
  // The object that a path with a subresource is about.
  static std::string object_of(const std::string& path) { return path.ends_with("/status") ? path.substr(0, path.size() - 7) : path; }
  static json resources_of(const std::string& path) {
    const std::map<std::string, std::vector<std::array<const char*, 3>>> served{
        {"/api/v1", {{"pods", "Pod", ""}, {"configmaps", "ConfigMap", ""}, {"nodes", "Node", "cluster"}, {"namespaces", "Namespace", "cluster"},
                     {"persistentvolumes", "PersistentVolume", "cluster"}, {"persistentvolumeclaims", "PersistentVolumeClaim", ""}, {"services", "Service", ""}}},
        {"/apis/apps/v1", {{"deployments", "Deployment", ""}}},
        {"/apis/autoscaling/v2", {{"horizontalpodautoscalers", "HorizontalPodAutoscaler", ""}}},
        {"/apis/scheduling.k8s.io/v1", {{"priorityclasses", "PriorityClass", "cluster"}}}};
    json resources = json::array();
    if (!served.contains(path)) return nullptr;
    for (const auto& [name, kind, scope] : served.at(path)) resources.push_back({{"name", name}, {"kind", kind}, {"namespaced", std::string(scope).empty()}});
    return {{"kind", "APIResourceList"}, {"resources", resources}};
  }

  void tell(const char* type, const std::string& path) {
    json& object = objects_[path];
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    const std::string line = json{{"type", type}, {"object", object}}.dump() + "\n";
    for (auto& watcher : watchers_) {
      if (watcher.collection == collection_of(path) && (watcher.name.empty() || path.ends_with("/" + watcher.name)) && selected(object, watcher.query)) watcher.answer.write(line);
    }
  }
  void erase(const std::string& path) {
    tell("DELETED", path);
    objects_.erase(path);
  }
  void erase_below(const std::string& prefix, const std::string& query = {}) {
    std::vector<std::string> paths;
    for (const auto& [path, object] : objects_) {
      if (path.find(prefix) != std::string::npos && selected(object, query)) paths.push_back(path);
    }
    for (const auto& path : paths) erase(path);
  }
  void control(const std::string& path) {
    json& object = objects_[path];
    if (!schedules) return;
    if (path.find("/nodes/") != std::string::npos) return;
    if (path.find("/pods/") != std::string::npos && !object["spec"].contains("nodeName") && object["spec"].value("schedulingGates", json::array()).empty()) {
      object["spec"]["nodeName"] = "n1";
      tell("MODIFIED", path);
      object["status"] = {{"phase", "Running"}, {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
      tell("MODIFIED", path);
    } else if (path.find("/deployments/") != std::string::npos) {
      const json replicas = object["spec"]["replicas"];
      object["status"] = {{"observedGeneration", object["metadata"]["generation"]}, {"replicas", replicas}, {"updatedReplicas", replicas}, {"availableReplicas", replicas}};
      tell("MODIFIED", path);
    }
  }

  void handle(const net::Request& request, net::ResponseWriter answer) {
    std::lock_guard lock(mutex_);
    const net::Headers headers{{"content-type", "application/json"}};
    const auto send = [&](int status, const json& body) { answer.send(status, headers, body.dump()); };
    const auto not_found = [&] { send(404, {{"kind", "Status"}, {"code", 404}, {"reason", "NotFound"}, {"message", "not found"}}); };
    const std::string path = object_of(request.path);
    if (!hidden_group.empty() && path == hidden_group) return not_found();
    if (const json resources = resources_of(path); !resources.is_null()) return send(200, resources);
    if (path == "/version") return send(200, {{"gitVersion", "v1.37.0"}});
    if (path == "/metrics") return answer.send(200, {}, "# TYPE apiserver_request_total counter\napiserver_request_total{verb=\"GET\"} " + std::to_string(++version_) + "\n");
    if (request.method == "POST") {
      if (refuse_creates != 0 && path != "/api/v1/namespaces") return send(refuse_creates, {{"kind", "Status"}, {"code", refuse_creates}});
      json object = json::parse(request.body);
      const std::string name = object["metadata"]["name"], full = path + "/" + name;
      object["metadata"]["uid"] = full;
      object["metadata"]["generation"] = 1;
      objects_[full] = object;
      tell("ADDED", full);
      if (path == "/api/v1/namespaces") objects_[full + "/serviceaccounts/default"] = {{"metadata", {{"name", "default"}}}};
      send(201, objects_[full]);
      return control(full);
    }
    if (is_collection(path)) {
      if (request.method == "DELETE") return erase_below(path + "/", request.query), send(200, {{"kind", "Status"}});
      return list_or_watch(request, answer, headers);
    }
    const auto found = objects_.find(path);
    if (found == objects_.end()) return not_found();
    if (request.method == "PATCH") {
      found->second.merge_patch(json::parse(request.body));
      found->second["metadata"]["generation"] = found->second["metadata"]["generation"].get<int>() + 1;
      tell("MODIFIED", path);
      send(200, found->second);
      return control(path);
    }
    if (request.method == "DELETE") {
      erase_below(path + "/");
      erase(path);
      return send(200, {{"kind", "Status"}});
    }
    send(200, found->second);
  }

  void list_or_watch(const net::Request& request, net::ResponseWriter& answer, const net::Headers& headers) {
    const std::string name = name_wanted(request.query);
    json items = json::array();
    for (const auto& [path, object] : objects_) {
      if (collection_of(path) == request.path && selected(object, request.query) && (name.empty() || path.ends_with("/" + name))) items.push_back(object);
    }
    if (request.query.find("watch=") == std::string::npos) {
      return answer.send(200, headers, json{{"kind", "List"}, {"metadata", {{"resourceVersion", std::to_string(version_)}}}, {"items", items}}.dump());
    }
    answer.begin(200, headers);
    const bool from_a_version = request.query.find("resourceVersion=") != std::string::npos && request.query.find("resourceVersion=0") == std::string::npos;
    if (!from_a_version) {
      for (const auto& item : items) answer.write(json{{"type", "ADDED"}, {"object", item}}.dump() + "\n");
    }
    watchers_.push_back({request.path, name, request.query, answer});
  }

  std::mutex mutex_;
  std::map<std::string, json> objects_;  // by path
  std::vector<Watcher> watchers_;
  std::uint64_t version_ = 10;
  std::unique_ptr<net::Server> server_;
};

class RunScenario : public testing::Test {
 protected:
  Result<harness::ScenarioOutcome> run(const std::string& name, const std::map<std::string, std::string>& settings) {
    auto scenario = load_built_in(name, "smoke", settings);
    EXPECT_TRUE(scenario.ok()) << scenario.error().message;
    auto client = client::Client::connect(cluster.config);
    EXPECT_TRUE(client.ok());
    auto transport = harness::make_load_transport(cluster.config);
    EXPECT_TRUE(transport.ok());
    hooks.said = [](const std::string&) {};
    return run_scenario(*scenario, {**client, **transport, real_clock(), stop, "run-1", hooks});
  }
  void expect_all_gone() {
    EXPECT_EQ(cluster.count("/"), 0u);
  }

  FakeCluster cluster;
  StopFlag stop{false};
  RunHooks hooks;
};

TEST_F(RunScenario, ApiLatencyAccountsForEveryOperation) {
  const auto outcome = run("api-latency", {{"seconds", "1"}, {"gets", "100"}, {"rate", "20"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_TRUE(outcome->thresholds_held());
  ASSERT_EQ(outcome->operations.size(), 7u);
  for (const auto& operation : outcome->operations) {
    EXPECT_EQ(operation.sent, operation.succeeded) << operation.name;
    EXPECT_EQ(operation.first_byte.count(), operation.sent) << operation.name;
  }
  EXPECT_EQ(outcome->objects[0].made, 70u);
  EXPECT_EQ(outcome->objects[0].left, 0u);
  EXPECT_GT(outcome->cluster_metrics.at("apiserver_request_total"), 0);
  expect_all_gone();
}

TEST_F(RunScenario, SchedulingThroughputSeesEveryPodBound) {
  const auto outcome = run("scheduling-throughput/on-cluster", {{"pods", "200"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_EQ(outcome->distributions.at(0).values.count(), 200u);
  EXPECT_EQ(outcome->distributions.at(0).unfinished, 0u);
  EXPECT_GT(outcome->metric("scheduling/throughput")->value, 1);
  EXPECT_EQ(outcome->metric("scheduling/throughput")->samples.size(), 10u);
  expect_all_gone();
}

TEST_F(RunScenario, ReconcileLatencyMeasuresEachPhase) {
  const auto outcome = run("reconcile-latency", {{"objects", "6"}, {"rate", "100"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->name, "reconcile-latency/deployment");
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  for (const std::string phase : {"create", "scale", "update", "delete"}) {
    ASSERT_NE(outcome->metric(phase + "/converged/p50"), nullptr) << phase;
    EXPECT_LT(outcome->metric(phase + "/converged/p50")->value, 5);
  }
  EXPECT_EQ(outcome->phases.size(), 4u);
  expect_all_gone();
}

TEST_F(RunScenario, NodesAreMadeForTheRunAndRemoved) {
  std::size_t most_nodes = 0;
  hooks.progress = [&](const std::vector<LiveOperation>&) { most_nodes = std::max(most_nodes, cluster.count("/nodes/")); };
  const auto outcome = run("scheduling-throughput/churn", {{"pods", "400"}, {"churn", "50"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_GE(most_nodes, 9u);
  std::set<std::string> names;
  for (const auto& metric : outcome->metrics) EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " stands twice";
  EXPECT_TRUE(names.contains("place/create pods (hopeless)/p50"));
  EXPECT_EQ(outcome->metric("scheduling/throughput")->value > 1, true);
  expect_all_gone();
}

TEST_F(RunScenario, GatedPodsCountFromWhenTheyAreLetGo) {
  const auto outcome = run("scheduling-throughput/gated", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_LT(outcome->metric("scheduling/created to scheduled/max")->value, outcome->phases.back().length + 0.1);
  expect_all_gone();
}

TEST_F(RunScenario, WhatTheClusterLacksMakesItUnsupported) {
  const auto outcome = run("scheduling-throughput/volumes", {{"binding", "1"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->unsupported, "a controller that binds claims to volumes");
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_TRUE(outcome->thresholds.empty());
  EXPECT_EQ(outcome->phases.back().name, "before") << "nothing is placed after that";
  expect_all_gone();
  cluster.hidden_group = "/apis/apps/v1";
  const auto unserved = run("reconcile-latency/daemonset", {});
  ASSERT_TRUE(unserved.ok()) << unserved.error().message;
  EXPECT_NE(unserved->unsupported.find("kind DaemonSet of apps/v1"), std::string::npos) << unserved->unsupported;
  expect_all_gone();
}

TEST_F(RunScenario, AutoscalingNeedsMetrics) {
  const auto outcome = run("hpa-response", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_NE(outcome->unsupported.find("metrics.k8s.io, which tells what pods use: the API server answers 404"), std::string::npos) << outcome->unsupported;
  EXPECT_TRUE(outcome->valid());
  expect_all_gone();
}

const std::string loaded = R"(question: Who bears it?
sizes: {smoke: {}}
objects:
  pod:
    apiVersion: v1
    kind: Pod
    metadata: {name: "p-${i}", labels: {app: web}}
    spec: {}
measure: [pod-startup]
phases:
  - name: create
    do:
      - {load: 400, for: 100ms}
      - {load: 101, after: 200ms}
      - {create: pod, count: 3, workers: 3}
      - {wait: pods-ready, count: 3, timeout: 10s}
  - name: go on
    do:
      - {list: pod, workers: 1, for: 1s}
)";

TEST_F(RunScenario, PodsOfSimulatedNodesAreToldTheirShareOfTheLoad) {
  cluster.put("/api/v1/nodes/n1", {{"metadata", {{"name", "n1"}, {"labels", {{"plumb.io/hollow", "true"}}}}}});
  const auto scenario = load_scenario("loaded", loaded, "loaded.yaml", "smoke", {});
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  auto client = client::Client::connect(cluster.config);
  auto transport = harness::make_load_transport(cluster.config);
  std::vector<std::string> shares;
  hooks.said = [&](const std::string& text) {
    if (text == "cleaning up") shares = cluster.texts("/metadata/annotations/plumbline.io~1cpu-usage");
  };
  const auto outcome = run_scenario(*scenario, {**client, **transport, real_clock(), stop, "run-1", hooks});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_EQ(shares, (std::vector<std::string>{"34m", "34m", "33m"}));
}

TEST_F(RunScenario, PodsThatDoNotTakeTheirShareAreSaid) {
  const auto scenario = load_scenario("loaded", loaded, "loaded.yaml", "smoke", {});
  auto client = client::Client::connect(cluster.config);
  auto transport = harness::make_load_transport(cluster.config);
  hooks.said = [](const std::string&) {};
  const auto outcome = run_scenario(*scenario, {**client, **transport, real_clock(), stop, "run-1", hooks});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  ASSERT_FALSE(outcome->valid()) << "node n1 is not there, so it is no simulated one, and nobody answers on its pods' ports";
  EXPECT_NE(outcome->invalid[0].find("load: 3 pods did not take their share of the load; p-0: HTTP 404"), std::string::npos) << outcome->invalid[0];
  expect_all_gone();
}

TEST_F(RunScenario, CleanUpFindsWhatLiesOutsideOfNamespaces) {
  auto client = client::Client::connect(cluster.config);
  ASSERT_TRUE(client.ok());
  const auto scenario = load_built_in("scheduling-throughput/preemption", "smoke", {});
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto space = RunSpace::make(**client, *scenario, "killed");
  ASSERT_TRUE(space.ok()) << space.error().message;
  for (const std::string name : {"node", "low"}) {
    const RunObject& object = space->object(name);
    ASSERT_TRUE((*client)->create(object.where, json::parse(object.body.with(0))).ok());
  }
  EXPECT_EQ(clean_up(**client, "other").value(), 0);
  EXPECT_EQ(cluster.count("/nodes/"), 1u);
  EXPECT_EQ(clean_up(**client, "killed").value(), 1);
  expect_all_gone();
}

TEST_F(RunScenario, WhatNeverHappensMakesItInvalid) {
  cluster.schedules = false;
  const auto outcome = run("scheduling-throughput/on-cluster", {{"timeout", "1"}});
  ASSERT_TRUE(outcome.ok());
  ASSERT_FALSE(outcome->valid());
  EXPECT_NE(outcome->invalid[0].find("only 0 of 30 reached pods-scheduled"), std::string::npos) << outcome->invalid[0];
  EXPECT_FALSE(outcome->thresholds_held());
  EXPECT_EQ(outcome->distributions.at(0).unfinished, 30u);
  expect_all_gone();
}

TEST_F(RunScenario, RefusedOperationsAreCountedByReason) {
  cluster.refuse_creates = 403;
  const auto outcome = run("scheduling-throughput/on-cluster", {{"timeout", "1"}});
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->valid());
  EXPECT_EQ(outcome->operations[0].failed.at("HTTP 403"), 30u);
  EXPECT_EQ(outcome->objects[0].failed, 30u);
  expect_all_gone();
}

TEST_F(RunScenario, AStopCleansUp) {
  cluster.schedules = false;
  hooks.progress = [this](const std::vector<LiveOperation>& operations) {
    if (operations[0].progress.succeeded >= 30) stop = true;
  };
  const auto outcome = run("scheduling-throughput/on-cluster", {{"timeout", "60"}});
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->valid());
  EXPECT_LT(outcome->seconds, 30);
  expect_all_gone();
}

TEST_F(RunScenario, MeasurementsAndConditionsMustExist) {
  auto scenario = load_built_in("scheduling-throughput/on-cluster", "smoke", {});
  auto client = client::Client::connect(cluster.config);
  auto transport = harness::make_load_transport(cluster.config);
  hooks.said = [](const std::string&) {};
  const RunSetup setup{**client, **transport, real_clock(), stop, "run-1", hooks};
  auto unknown = *scenario;
  unknown.measurements = {{"no-such", ""}};
  EXPECT_FALSE(run_scenario(unknown, setup).ok());
  unknown.measurements = {{"cluster-metrics", ""}};
  EXPECT_NE(run_scenario(unknown, setup).error().message.find("none of its measurements knows the condition"), std::string::npos);
  expect_all_gone();
}

TEST(LiveMetrics, ServesWhatIsGoingOn) {
  auto live = LiveMetrics::serve("127.0.0.1:0");
  ASSERT_TRUE(live.ok()) << live.error().message;
  LiveOperation operation{"s", "p", "get configmaps", 50, {.in_flight = 3}};
  (*live)->progress({operation});
  (*live)->ended(operation, 0.2, 0.1, true);
  (*live)->ended(operation, 0.2, 0.1, false);
  auto client = net::HttpClient::create({.endpoint = {"127.0.0.1", (*live)->port(), ""}});
  ASSERT_TRUE(client.ok());
  const auto answer = (*client)->send({.target = "/metrics"});
  ASSERT_TRUE(answer.ok());
  for (const std::string line : {"plumb_perf_requested_rate{operation=\"get configmaps\",phase=\"p\",scenario=\"s\"} 50",
                                 "plumb_perf_operations_total{operation=\"get configmaps\",phase=\"p\",result=\"failed\",scenario=\"s\"} 1",
                                 "plumb_perf_request_latency_seconds_sum{clock=\"intended\",operation=\"get configmaps\",phase=\"p\",scenario=\"s\"} 0.2"}) {
    EXPECT_NE(answer->body.find(line), std::string::npos) << answer->body;
  }
  EXPECT_FALSE(LiveMetrics::serve("nonsense").ok());
}

}  // namespace
}  // namespace plumb::perf
