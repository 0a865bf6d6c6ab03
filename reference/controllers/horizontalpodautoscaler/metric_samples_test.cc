#include "reference/controllers/horizontalpodautoscaler/metric_samples.h"

#include <gtest/gtest.h>

#include "reference/controllers/horizontalpodautoscaler/pod_metrics_feed.h"

namespace plumb::controllers::hpa {
namespace {

using std::chrono::seconds;

std::string list(const std::string& items) { return R"({"kind":"PodMetricsList","items":[)" + items + "]}"; }
std::string item(const std::string& pod, const std::string& cpu, const std::string& second = "00") {
  return R"({"metadata":{"name":")" + pod + R"("},"timestamp":"2024-01-01T00:00:)" + second + R"(Z","window":"15.2s","containers":[{"name":"c","usage":{"cpu":")" + cpu +
         R"(","memory":"1Mi"}},{"name":"d","usage":{"cpu":"10m"}}]})";
}

TEST(MetricSamples, PodsAndContainers) {
  const auto usages = read_pod_metrics(list(item("a", "250m") + "," + item("b", "1500000n")));
  ASSERT_TRUE(usages.ok()) << usages.error().message;
  const Samples cpu = samples_of(*usages, "cpu");
  EXPECT_EQ(cpu.at("a").milli, 260);
  EXPECT_EQ(cpu.at("b").milli, 12) << "parts of a thousandth are rounded up";
  EXPECT_EQ(cpu.at("a").window, std::chrono::milliseconds(15200));
  EXPECT_TRUE(samples_of(*usages, "memory").empty()) << "one container does not tell";
  EXPECT_EQ(samples_of(*usages, "memory", "c", "default")->at("a").milli, 1048576000);
  EXPECT_EQ(samples_of(*usages, "cpu", "x", "default").error().message, "container x not present in metrics for pod default/a");
}

TEST(MetricSamples, HostileAnswers) {
  for (const char* bad : {"", "{", "7", "[]", R"({"items":7})", R"({"items":{}})"}) {
    EXPECT_FALSE(read_pod_metrics(bad).ok()) << bad;
    EXPECT_FALSE(read_custom_metrics(bad).ok()) << bad;
    EXPECT_FALSE(read_external_metrics(bad).ok()) << bad;
  }
  EXPECT_TRUE(read_pod_metrics("{}")->empty());
  EXPECT_TRUE(read_pod_metrics(list("7,null,{},[],{\"metadata\":7}"))->empty());
  const auto odd = read_pod_metrics(list(R"({"metadata":{"name":"a"},"timestamp":7,"window":"-","containers":[7,{"usage":{"cpu":"x"}},{"name":"c","usage":[]}]})"));
  ASSERT_TRUE(odd.ok());
  EXPECT_TRUE(samples_of(*odd, "cpu").empty());
  EXPECT_TRUE(read_pod_metrics(std::string(200, '[')).error().message.size() < 300);
}

TEST(MetricSamples, CustomAndExternal) {
  const auto custom = read_custom_metrics(R"({"items":[{"describedObject":{"name":"a"},"value":"1500m","windowSeconds":30},{"describedObject":{"name":"b"},"value":"2"},
                                              {"describedObject":{"name":"c"},"value":"x"},{"value":"1"}]})");
  ASSERT_TRUE(custom.ok());
  EXPECT_EQ(custom->size(), 2u);
  EXPECT_EQ(custom->at("a").milli, 1500);
  EXPECT_EQ(custom->at("a").window, seconds(30));
  EXPECT_EQ(custom->at("b").window, seconds(60));
  EXPECT_EQ(*read_external_metrics(R"({"items":[{"value":"1"},{"value":"2500m"},{}]})"), (std::vector<std::int64_t>{1000, 2500}));
}

TEST(PodMetricsFeed, TellsWhatHasChanged) {
  PodMetricsFeed feed;
  EXPECT_EQ(feed.of("default"), nullptr);
  using Names = std::vector<std::string>;
  EXPECT_EQ(feed.take("default", list(item("a", "1m") + "," + item("b", "1m"))), (Names{"a", "b"}));
  EXPECT_EQ(feed.take("default", list(item("a", "1m") + "," + item("b", "1m"))), Names{});
  EXPECT_EQ(feed.take("default", list(item("a", "2m") + "," + item("b", "1m", "15"))), (Names{"a", "b"})) << "another value, another time";
  Error gone = fail(Code::not_found, "the server could not find the requested resource");
  gone.http_status = 404;
  EXPECT_EQ(feed.take("default", gone), Names{});
  EXPECT_EQ(feed.of("default")->error().message, "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)");
  EXPECT_EQ(feed.take("default", list(item("a", "2m"))), Names{"a"}) << "there again";
  EXPECT_EQ(usages_of(*feed.of("default"), {"a", "z"})->size(), 1u);
  EXPECT_EQ(usages_of(*feed.of("default"), {"z"}).error().message, "no metrics returned from resource metrics API");
}

}  // namespace
}  // namespace plumb::controllers::hpa
