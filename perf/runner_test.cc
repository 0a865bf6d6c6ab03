#include "perf/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/encoding.h"
#include "harness/net/client.h"
#include "harness/net/server.h"
#include "perf/live_metrics.h"

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
  int refuse_creates = 0;     // status to answer to creates in namespaces; 0: none

  std::size_t count(const std::string& part) {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(objects_.begin(), objects_.end(), [&](const auto& entry) { return entry.first.find(part) != std::string::npos; }));
  }

 private:
  struct Watcher {
    std::string collection, name;
    net::ResponseWriter answer;
  };

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

  void tell(const char* type, const std::string& path) {
    json& object = objects_[path];
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    const std::string line = json{{"type", type}, {"object", object}}.dump() + "\n";
    for (auto& watcher : watchers_) {
      if (watcher.collection == collection_of(path) && (watcher.name.empty() || path.ends_with("/" + watcher.name))) watcher.answer.write(line);
    }
  }
  void erase(const std::string& path) {
    tell("DELETED", path);
    objects_.erase(path);
  }
  void erase_below(const std::string& prefix) {
    std::vector<std::string> paths;
    for (const auto& [path, object] : objects_) {
      if (path.find(prefix) != std::string::npos) paths.push_back(path);
    }
    for (const auto& path : paths) erase(path);
  }
  void control(const std::string& path) {
    json& object = objects_[path];
    if (!schedules) return;
    if (path.find("/pods/") != std::string::npos && !object["spec"].contains("nodeName")) {
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
    const std::string& path = request.path;
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
      if (request.method == "DELETE") return erase_below(path + "/"), send(200, {{"kind", "Status"}});
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
      if (collection_of(path) == request.path && (name.empty() || path.ends_with("/" + name))) items.push_back(object);
    }
    if (request.query.find("watch=") == std::string::npos) {
      return answer.send(200, headers, json{{"kind", "List"}, {"metadata", {{"resourceVersion", std::to_string(version_)}}}, {"items", items}}.dump());
    }
    answer.begin(200, headers);
    const bool from_a_version = request.query.find("resourceVersion=") != std::string::npos && request.query.find("resourceVersion=0") == std::string::npos;
    if (!from_a_version) {
      for (const auto& item : items) answer.write(json{{"type", "ADDED"}, {"object", item}}.dump() + "\n");
    }
    watchers_.push_back({request.path, name, answer});
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
    auto scenario = load_scenario(name, embedded_scenarios().at(name), name, "smoke", settings);
    EXPECT_TRUE(scenario.ok()) << scenario.error().message;
    auto client = client::Client::connect(cluster.config);
    EXPECT_TRUE(client.ok());
    auto transport = harness::make_load_transport(cluster.config);
    EXPECT_TRUE(transport.ok());
    hooks.said = [](const std::string&) {};
    return run_scenario(*scenario, {**client, **transport, real_clock(), stop, "run-1", hooks});
  }
  void expect_all_gone() {
    EXPECT_EQ(cluster.count("/namespaces/"), 0u);
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
  const auto outcome = run("scheduling-throughput", {{"pods", "200"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  EXPECT_EQ(outcome->distributions.at(0).values.count(), 200u);
  EXPECT_EQ(outcome->distributions.at(0).unfinished, 0u);
  EXPECT_GT(outcome->metric("scheduling/throughput")->value, 1);
  EXPECT_EQ(outcome->metric("scheduling/throughput")->samples.size(), 10u);
  expect_all_gone();
}

TEST_F(RunScenario, DeploymentReconcileMeasuresEachPhase) {
  const auto outcome = run("deployment-reconcile", {{"deployments", "6"}, {"rate", "100"}});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_TRUE(outcome->valid()) << outcome->invalid.front();
  for (const std::string phase : {"create", "scale", "roll"}) {
    ASSERT_NE(outcome->metric(phase + "/converged/p50"), nullptr) << phase;
    EXPECT_LT(outcome->metric(phase + "/converged/p50")->value, 5);
  }
  EXPECT_EQ(outcome->phases.size(), 4u);
  expect_all_gone();
}

TEST_F(RunScenario, WhatNeverHappensMakesItInvalid) {
  cluster.schedules = false;
  const auto outcome = run("scheduling-throughput", {{"timeout", "1"}});
  ASSERT_TRUE(outcome.ok());
  ASSERT_FALSE(outcome->valid());
  EXPECT_NE(outcome->invalid[0].find("only 0 of 30 reached pods-scheduled"), std::string::npos) << outcome->invalid[0];
  EXPECT_FALSE(outcome->thresholds_held());
  EXPECT_EQ(outcome->distributions.at(0).unfinished, 30u);
  expect_all_gone();
}

TEST_F(RunScenario, RefusedOperationsAreCountedByReason) {
  cluster.refuse_creates = 403;
  const auto outcome = run("scheduling-throughput", {{"timeout", "1"}});
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
  const auto outcome = run("scheduling-throughput", {{"timeout", "60"}});
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(outcome->valid());
  EXPECT_LT(outcome->seconds, 30);
  expect_all_gone();
}

TEST_F(RunScenario, MeasurementsAndConditionsMustExist) {
  auto scenario = load_scenario("x", embedded_scenarios().at("scheduling-throughput"), "x", "smoke", {});
  auto client = client::Client::connect(cluster.config);
  auto transport = harness::make_load_transport(cluster.config);
  hooks.said = [](const std::string&) {};
  const RunSetup setup{**client, **transport, real_clock(), stop, "run-1", hooks};
  auto unknown = *scenario;
  unknown.measurements = {"no-such"};
  EXPECT_FALSE(run_scenario(unknown, setup).ok());
  unknown.measurements = {"cluster-metrics"};
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
