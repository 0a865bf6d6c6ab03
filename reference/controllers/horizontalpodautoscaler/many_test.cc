// Thousands of autoscalers on one controller, under a virtual clock: what one period costs.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "reference/api/codec/json.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/autoscalingv2.h"
#include "reference/controllers/framework/driver.h"
#include "reference/informer/fake_client.h"

namespace plumb::controllers::hpa {
namespace {

using std::chrono::seconds;

// Counts what is asked for and passes it on.
class Counting final : public informer::Client {
 public:
  explicit Counting(informer::Client& inner) : inner_(inner) {}
  using Client::get_raw;
  using Client::list;
  void send(Request request, informer::Done done) override {
    (request.verb == informer::Verb::get ? reads : writes)++;
    inner_.send(std::move(request), std::move(done));
  }
  void list(const informer::Resource& resource, const informer::ListOptions& options, informer::ListDone done) override { inner_.list(resource, options, std::move(done)); }
  std::unique_ptr<informer::Watch> watch(const informer::Resource& resource, const informer::WatchOptions& options, informer::WatchHandler handler) override {
    return inner_.watch(resource, options, std::move(handler));
  }
  void get_raw(std::string path, informer::RawDone done) override {
    ++raw;
    inner_.get_raw(std::move(path), std::move(done));
  }
  void reset() { reads = writes = raw = 0; }

  std::atomic<int> reads{0}, writes{0}, raw{0};

 private:
  informer::Client& inner_;
};

template <class T>
std::shared_ptr<T> object(const std::string& json) {
  auto read = api::decode_json_as<T>(json);
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
  return std::make_shared<T>(std::move(*read));
}

struct ManyTest : testing::TestWithParam<int> {
  static constexpr int autoscalers = 5000, pods_each = 2;
  VirtualClock clock;
  informer::FakeClient cluster{clock};
  Counting client{cluster};
  informer::InformerFactory informers{cluster, clock};

  static std::string home(int i) { return "space-" + std::to_string(i % GetParam()); }

  void add(int i) {
    const std::string name = "w" + std::to_string(i), place = R"("namespace":")" + home(i) + "\"", labels = R"({"app":")" + name + "\"}";
    cluster.add(object<appsv1::Deployment>(R"({"metadata":{"name":")" + name + "\"," + place + R"(},"spec":{"replicas":2,"selector":{"matchLabels":)" + labels +
                                           R"(}},"status":{"replicas":2}})"));
    for (int pod = 0; pod < pods_each; ++pod)
      cluster.add(object<corev1::Pod>(R"({"metadata":{"name":")" + name + "-" + std::to_string(pod) + "\"," + place + ",\"labels\":" + labels +
                                      R"(},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"100m"}}}]},"status":{"phase":"Running",
                                      "startTime":"2020-01-01T00:00:00Z","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2020-01-01T00:00:05Z"}]}})"));
    cluster.add(object<autoscalingv2::HorizontalPodAutoscaler>(
        R"({"metadata":{"name":")" + name + "\"," + place + R"(},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":")" + name +
        R"("},"minReplicas":1,"maxReplicas":10,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}})"));
  }
  // All pods use this, but for those of one workload.
  void serve(const std::string& usage, int special = -1, const std::string& other = "") {
    std::vector<std::string> items(static_cast<std::size_t>(GetParam()));
    for (int i = 0; i < autoscalers; ++i)
      for (int pod = 0; pod < pods_each; ++pod)
        items[static_cast<std::size_t>(i % GetParam())] += R"({"metadata":{"name":"w)" + std::to_string(i) + "-" + std::to_string(pod) +
            R"("},"timestamp":"2021-01-01T00:00:00Z","window":"15s","containers":[{"name":"c","usage":{"cpu":")" + (i == special ? other : usage) + "\"}}]},";
    for (int i = 0; i < GetParam(); ++i) {
      std::string& list = items[static_cast<std::size_t>(i)];
      if (!list.empty()) list.pop_back();
      cluster.serve_raw("/apis/metrics.k8s.io/v1beta1/namespaces/" + home(i) + "/pods", "{\"items\":[" + list + "]}");
    }
  }
  std::unique_ptr<Driver> start(const std::map<std::string, std::string>& flags) {
    for (int i = 0; i < autoscalers; ++i) add(i);
    auto driver = std::make_unique<Driver>("hpa", Registry<Controller>::make("horizontal-pod-autoscaler-controller"), client, informers, clock, Options(flags));
    informers.start();
    return driver;
  }
  std::int32_t replicas(int i) { return cluster.find<appsv1::Deployment>(home(i) + "/w" + std::to_string(i))->spec.replicas.value_or(0); }
  void TearDown() override { informers.stop(); }
};

TEST_P(ManyTest, APeriodIsEnoughForAll) {
  serve("50m");
  const auto driver = start({});
  driver->run_pending();
  EXPECT_EQ(client.reads, autoscalers) << "each once";
  for (int round = 0; round < 3; ++round) {
    client.reset();
    const auto before = std::chrono::steady_clock::now();
    clock.advance(seconds(15));
    driver->run_pending();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    EXPECT_EQ(client.raw, GetParam()) << "one read of usage a namespace";
    EXPECT_EQ(client.reads, autoscalers);
    EXPECT_EQ(client.writes, 0) << "nothing is written where nothing has changed";
    EXPECT_EQ(driver->queued(), 0u);
    EXPECT_LT(took.count(), 15) << "all that a period demands must fit into it";
    RecordProperty("seconds_of_round_" + std::to_string(round), std::to_string(took.count()));
    std::printf("%d autoscalers in %d namespaces: a round takes %.2f s\n", autoscalers, GetParam(), took.count());
  }
  serve("200m");
  clock.advance(seconds(15));
  driver->run_pending();
  EXPECT_EQ(replicas(0), 4);
  EXPECT_EQ(replicas(autoscalers - 1), 4);
}

TEST_P(ManyTest, EventDrivenLooksOnlyAtWhatHasChanged) {
  serve("50m");
  const auto driver = start({{"horizontal-pod-autoscaler-event-driven", "true"}});
  driver->run_pending();
  const auto pass = [&](int second) {
    for (int i = 0; i < second * 10; ++i) {
      clock.advance(std::chrono::milliseconds(100));
      driver->run_pending();
    }
  };
  client.reset();
  pass(3);
  EXPECT_EQ(client.reads, 0) << "no sample has changed";
  EXPECT_GE(client.raw, 2 * GetParam());
  serve("50m", 7, "100m");
  pass(2);
  EXPECT_EQ(client.reads, 1);
  EXPECT_EQ(replicas(7), 4) << "within two seconds of the sample";
  EXPECT_EQ(replicas(8), 2);
  client.reset();
  pass(15);
  EXPECT_GE(client.reads, autoscalers) << "all are looked at each period all the same";
  EXPECT_LE(client.reads, 2 * autoscalers);
}

// They are read for each autoscaler, so the bound is on all of them together.
TEST_P(ManyTest, EventDrivenReadsOtherMetricsWithinABound) {
  constexpr int some = 1000;
  const auto path = [](int i) { return "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + home(i) + "/length-" + std::to_string(i); };
  const auto length = [](int value) { return R"({"items":[{"value":")" + std::to_string(value) + "\"}]}"; };
  for (int i = 0; i < some; ++i) {
    const std::string name = "w" + std::to_string(i), place = R"("namespace":")" + home(i) + "\"", labels = R"({"app":")" + name + "\"}";
    cluster.add(object<appsv1::Deployment>(R"({"metadata":{"name":")" + name + "\"," + place + R"(},"spec":{"replicas":2,"selector":{"matchLabels":)" + labels + R"(}},"status":{"replicas":2}})"));
    cluster.add(object<autoscalingv2::HorizontalPodAutoscaler>(
        R"({"metadata":{"name":")" + name + "\"," + place + R"(},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":")" + name +
        R"("},"minReplicas":1,"maxReplicas":10,"metrics":[{"type":"External","external":{"metric":{"name":"length-)" + std::to_string(i) + R"("},"target":{"type":"AverageValue","averageValue":"10"}}}]}})"));
    cluster.serve_raw(path(i), length(20));
  }
  Driver driver("hpa", Registry<Controller>::make("horizontal-pod-autoscaler-controller"), client, informers, clock,
                Options(std::map<std::string, std::string>{{"horizontal-pod-autoscaler-event-driven", "true"}, {"horizontal-pod-autoscaler-sync-period", "1m"}}));
  informers.start();
  const auto pass = [&](int seconds) {
    for (int i = 0; i < seconds * 10; ++i) {
      clock.advance(std::chrono::milliseconds(100));
      driver.run_pending();
    }
  };
  driver.run_pending();
  pass(6);
  client.reset();
  pass(6);
  EXPECT_LE(client.raw, 6 * 200 + some) << "a round of all of them may begin or end in between";
  EXPECT_GE(client.raw, 6 * 100);
  EXPECT_EQ(client.reads, 0) << "nothing has changed";
  cluster.serve_raw(path(3), length(40));
  pass(6);
  EXPECT_EQ(client.reads, 1);
  EXPECT_EQ(replicas(3), 4);
  EXPECT_EQ(replicas(4), 2);
}

INSTANTIATE_TEST_SUITE_P(Namespaces, ManyTest, testing::Values(1, 50));

}  // namespace
}  // namespace plumb::controllers::hpa
