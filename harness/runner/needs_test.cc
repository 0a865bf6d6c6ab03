#include "harness/runner/needs.h"

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>

namespace plumb::harness {
namespace {

using client::Json;

// A cluster with these nodes, on which a pod shows `pod_status` as soon as it is made.
class NodesOnly final : public client::Transport {
 public:
  Json nodes = Json::array();
  Json pod_status;
  Json service = Json::object();       // as every new one is
  bool pods_of_one_namespace = false;  // those of another go
  int pods_made = 0;
  int metrics_code = 200;              // of the resource metrics API

  void add_node(const std::string& name, const std::string& ready, Json spec = Json::object()) {
    nodes.push_back({{"metadata", {{"name", name}}}, {"spec", std::move(spec)}, {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}}}});
  }
  void send_async(client::Request request, std::function<void(Result<client::Response>)> done) override {
    std::lock_guard lock(mutex_);
    const bool metrics = request.target.find("metrics.k8s.io") != std::string::npos;
    done(client::Response{metrics ? metrics_code : 200, {}, answer(request).dump()});
  }
  std::unique_ptr<client::Stream> open(client::Request, client::StreamCallbacks callbacks) override {
    callbacks.on_end(fail(Code::unavailable, "no streams here"));
    return nullptr;
  }

 private:
  Json answer(const client::Request& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path.ends_with("/version")) return {{"minor", "20+"}};
    if (path.ends_with("/nodes")) return {{"metadata", Json::object()}, {"items", nodes}};
    if (request.method == "POST" && path.ends_with("/namespaces") && pods_of_one_namespace) pods_ = Json::array();
    if (request.method == "POST" && path.ends_with("/pods")) {
      ++pods_made;
      Json pod = Json::parse(request.body);
      pod["metadata"]["name"] = "probe-" + std::to_string(pods_made);
      pod["status"] = pod_status;
      pods_.push_back(pod);
      return pod;
    }
    if (path.ends_with("/pods")) return {{"metadata", {{"resourceVersion", "1"}}}, {"items", pods_}};
    if (path.ends_with("/services")) return request.method == "POST" ? service : Json{{"metadata", {{"resourceVersion", "1"}}}, {"items", {service}}};
    if (path.ends_with("/serviceaccounts")) return {{"metadata", {{"resourceVersion", "1"}}}, {"items", {{{"metadata", {{"name", "default"}}}}}}};
    return {{"metadata", Json::object()}};
  }
  std::mutex mutex_;
  Json pods_ = Json::array();
};

struct NeedsTest : testing::Test {
  NodesOnly* cluster = new NodesOnly;
  client::Client client{client::Config{.server = "https://test"}, std::unique_ptr<client::Transport>(cluster)};
  Needs needs{client};
  std::optional<std::string> missing(const std::string& need) { return needs.missing({need}).value(); }
};

TEST_F(NeedsTest, CountsOnlyNodesThatTakeOrdinaryPods) {
  cluster->add_node("a", "True");
  cluster->add_node("b", "False");
  cluster->add_node("c", "True", {{"unschedulable", true}});
  cluster->add_node("d", "True", {{"taints", {{{"key", "control-plane"}, {"effect", "NoSchedule"}}}}});
  cluster->add_node("e", "True", {{"taints", {{{"key", "old"}, {"effect", "PreferNoSchedule"}}}}});
  EXPECT_EQ(usable_nodes(client).value(), (std::vector<std::string>{"a", "e"}));
  EXPECT_FALSE(missing("nodes>=2"));
  EXPECT_NE(missing("nodes>=3")->find("there are 2"), std::string::npos);
}

TEST_F(NeedsTest, ComparesVersionsAndRefusesUnknownNeeds) {
  EXPECT_FALSE(missing("version>=1.20"));
  EXPECT_TRUE(missing("version>=1.21"));
  EXPECT_EQ(needs.missing({"luck"}).error().code, Code::invalid_argument);
}

TEST_F(NeedsTest, ProbesTheImagesOnceAndSaysWhatToDo) {
  for (const char* name : {"a", "b"}) cluster->add_node(name, "True");
  cluster->pod_status = {{"phase", "Pending"},
                         {"containerStatuses", {{{"image", "registry.plumbline.test/plumb-test:v1"}, {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}}}}};
  const auto why = missing("image");
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("node a cannot get the image registry.plumbline.test/plumb-test:v1"), std::string::npos) << *why;
  EXPECT_NE(why->find("--image"), std::string::npos);
  EXPECT_EQ(missing("image"), why);
  EXPECT_EQ(cluster->pods_made, 2) << "a pod a node, once";
}

TEST_F(NeedsTest, LeavesPodsThatFailOtherwiseToTheTests) {
  cluster->add_node("a", "True");
  cluster->pod_status = {{"phase", "Failed"}};
  EXPECT_FALSE(missing("image"));
}

TEST_F(NeedsTest, ServicesNeedAddresses) {
  cluster->add_node("a", "True");
  cluster->pod_status = {{"phase", "Succeeded"}};
  EXPECT_EQ(missing("services"), "no service network: a new Service gets no address");
}

// The pods become ready, but no command in them is ever answered.
TEST_F(NeedsTest, ServicesHaveToLeadToPods) {
  cluster->add_node("a", "True");
  cluster->service = {{"spec", {{"clusterIP", "10.96.0.7"}}}};
  cluster->pod_status = {{"phase", "Succeeded"}, {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
  cluster->pods_of_one_namespace = true;
  const auto why = missing("services");
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("a pod on node a gets no answer from the Service at 10.96.0.7"), std::string::npos) << *why;
}

TEST_F(NeedsTest, LoadBalancersGiveAddresses) {
  cluster->service = {{"metadata", {{"name", "balanced"}}}, {"status", {{"loadBalancer", {{"ingress", {{{"ip", "192.0.2.1"}}}}}}}}};
  EXPECT_FALSE(missing("load-balancers"));
}

TEST_F(NeedsTest, NeedsANodeToProbe) { EXPECT_EQ(missing("image"), "no ready node takes pods"); }

TEST_F(NeedsTest, ResourceMetrics) {
  EXPECT_EQ(*needs.missing({"metrics"}), std::nullopt);
  cluster->metrics_code = 404;
  const auto missing = Needs(client).missing({"metrics"});
  ASSERT_TRUE(missing.ok() && *missing);
  EXPECT_NE((*missing)->find("does not serve metrics.k8s.io/v1beta1"), std::string::npos) << **missing;
}

}  // namespace
}  // namespace plumb::harness
