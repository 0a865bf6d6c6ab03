#include "reference/metrics/samples.h"

#include <gtest/gtest.h>

#include "reference/metrics/exposition.h"
#include "reference/metrics/resource_documents.h"

namespace plumb::metrics_api {
namespace {

using namespace std::chrono_literals;

const WallTime start{1'700'000'000s};

TEST(ExpositionTest, ReadsSamples) {
  std::vector<std::string> seen;
  const Status done = read_exposition("# HELP a b\n# TYPE a counter\n\na 1\nb{x=\"1\\\"2\\n\",y=\"\"} 2.5e3 17\r\n  c{ } +Inf\n", [&](const Sample& sample) {
    std::string text(sample.name);
    for (const auto& [key, value] : sample.labels) text += " " + std::string(key) + "=" + value;
    seen.push_back(text + " " + std::to_string(sample.value) + (sample.milliseconds ? " at " + std::to_string(*sample.milliseconds) : ""));
  });
  EXPECT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(seen, (std::vector<std::string>{"a 1.000000", "b x=1\"2\n y= 2500.000000 at 17", "c inf"}));
}

TEST(ExpositionTest, RefusesWhatIsNone) {
  for (const char* text : {"<html>", "a", "a b", "a{ 1", "a{x} 1", "a{x=1} 1", "a{x=\"1} 1", "a 1 2 3", "a 1 x", "{x=\"1\"} 1", "a{x=\"1\" y=\"2\"} 1"}) {
    const Status done = read_exposition(text, [](const Sample&) {});
    EXPECT_FALSE(done.ok()) << text;
  }
}

Point point(double cpu, Duration at, std::uint64_t memory = 1024) { return {start + at, start - 1h, cpu, memory}; }

std::string text_of(const std::optional<Measured>& measured) {
  return measured ? cpu_quantity(measured->nano_cpu) + " " + std::to_string(measured->memory_bytes) + " " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(measured->window).count()) : "none";
}

TEST(SamplesTest, CpuIsTheRateBetweenTwoReadings) {
  Samples samples(15s);
  const auto store = [&](double cpu, Duration at) {
    Scrape scrape;
    scrape.node = point(cpu, at);
    samples.store("n1", std::move(scrape));
    return text_of(samples.node("n1"));
  };
  EXPECT_EQ(text_of(samples.node("n1")), "none");
  EXPECT_EQ(store(100, 0s), "none");
  EXPECT_EQ(store(103, 15s), "200m 1024 15");
  EXPECT_EQ(store(103, 15s), "200m 1024 15");  // the same reading again
  EXPECT_EQ(store(103, 30s), "0 1024 15");
  EXPECT_EQ(store(1, 45s), "none");  // the counter began anew
  EXPECT_EQ(store(31, 60s), "2 1024 15");
  samples.forget("n1");
  EXPECT_EQ(text_of(samples.node("n1")), "none");
}

TEST(SamplesTest, PodsNeedEveryContainer) {
  Samples samples(15s);
  const PodName web{"default", "web"};
  const auto store = [&](const std::string& node, std::map<PodName, ContainerPoints> pods) { samples.store(node, {std::nullopt, std::move(pods)}); };
  store("n1", {{web, {{"a", point(1, 0s)}}}});
  store("n1", {{web, {{"a", point(2, 10s)}, {"b", point(5, 10s)}}}});
  EXPECT_FALSE(samples.pod(web));
  store("n1", {{web, {{"a", point(4, 20s)}, {"b", point(6, 20s)}}}});
  const auto use = samples.pod(web);
  ASSERT_TRUE(use);
  EXPECT_EQ(text_of(use->at("a")), "200m 1024 10");
  EXPECT_EQ(text_of(use->at("b")), "100m 1024 10");
  // It moves: what the other node said counts no more, and what that node says next does not remove it.
  store("n2", {{web, {{"a", point(1, 30s)}}}});
  EXPECT_FALSE(samples.pod(web));
  store("n1", {});
  store("n2", {{web, {{"a", point(2, 40s)}}}});
  EXPECT_TRUE(samples.pod(web));
  store("n2", {});
  EXPECT_FALSE(samples.pod(web));
}

TEST(SamplesTest, YoungContainersAreMeasuredFromTheirStart) {
  Point young = point(6, 0s);
  young.started = start - 12s;
  EXPECT_EQ(text_of(measure(young, std::nullopt, 15s)), "500m 1024 12");
  young.started = start - 9s;
  EXPECT_EQ(text_of(measure(young, std::nullopt, 15s)), "none");
  young.started = start - 15s;
  EXPECT_EQ(text_of(measure(young, std::nullopt, 15s)), "none");
}

TEST(SamplesTest, ReadsAKubeletsPage) {
  const auto scrape = read_scrape(
      "node_cpu_usage_seconds_total 12.5 1700000000000\nnode_memory_working_set_bytes 4096\n"
      "container_cpu_usage_seconds_total{container=\"a\",namespace=\"default\",pod=\"web\"} 3 1700000001000\ncontainer_memory_working_set_bytes{container=\"a\",namespace=\"default\",pod=\"web\"} 77\n"
      "container_start_time_seconds{container=\"a\",namespace=\"default\",pod=\"web\"} 1699999999.5\n"
      "container_cpu_usage_seconds_total{container=\"half\",namespace=\"default\",pod=\"web\"} 3\ncontainer_cpu_usage_seconds_total{container=\"b\",namespace=\"default\",pod=\"web\"} NaN\n",
      start + 5s);
  ASSERT_TRUE(scrape.ok()) << scrape.error().message;
  ASSERT_TRUE(scrape->node);
  EXPECT_EQ(scrape->node->at, start);
  ASSERT_EQ(scrape->pods.size(), 1u);
  const ContainerPoints& points = scrape->pods.at({"default", "web"});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points.at("a").at, start + 1s);
  EXPECT_EQ(points.at("a").started, start - 500ms);
  EXPECT_EQ(points.at("a").memory_bytes, 77u);
}

TEST(ResourceDocumentsTest, QuantitiesAreCanonical) {
  EXPECT_EQ(cpu_quantity(0), "0");
  EXPECT_EQ(cpu_quantity(1), "1n");
  EXPECT_EQ(cpu_quantity(1'500'000), "1500u");
  EXPECT_EQ(cpu_quantity(250'000'000), "250m");
  EXPECT_EQ(cpu_quantity(3'000'000'000), "3");
  EXPECT_EQ(memory_quantity(64 << 20), "64Mi");
  EXPECT_EQ(memory_quantity(1025), "1025");
}

}  // namespace
}  // namespace plumb::metrics_api
