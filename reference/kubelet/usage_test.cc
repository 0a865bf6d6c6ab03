#include "reference/kubelet/usage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/random.h"
#include "reference/kubelet/access.h"
#include "reference/kubelet/hollow_server.h"
#include "reference/kubelet/hollow_usage.h"
#include "reference/kubelet/machine_usage.h"
#include "reference/kubelet/pod_host.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

const WallTime now{1'700'000'000s};

std::shared_ptr<corev1::Pod> pod(const std::string& name, const std::string& cpu = {}, const std::string& memory = {}) {
  auto made = std::make_shared<corev1::Pod>();
  made->metadata.name = name;
  made->metadata.namespace_ = "default";
  made->metadata.uid = "uid-" + name;
  if (!cpu.empty()) made->metadata.annotations.set(kCpuUsageAnnotation, api::Str(cpu));
  if (!memory.empty()) made->metadata.annotations.set(kMemoryUsageAnnotation, api::Str(memory));
  return made;
}

NodeUsage sample() {
  const auto web = pod("web"), idle = pod("idle");
  const std::vector<cri::ContainerStats> stats = {{"c1", "main", {{label::kPodUid, "uid-web"}}, now, 1'500'000'000, 4096, 10, 2},
                                                  {"c2", "side", {{label::kPodUid, "uid-web"}}, now, 500'000'000, 1024},
                                                  {"c3", "gone", {{label::kPodUid, "uid-web"}}, now, 0, 0},
                                                  {"c4", "stranger", {{label::kPodUid, "uid-other"}}, now, 7, 7}};
  NodeUsage usage;
  usage.node = "n1";
  usage.at = now;
  usage.pods = by_pod({web, idle}, stats, [](const corev1::Pod&, const std::string& container) { return container == "main" ? std::optional(now - 60s) : std::nullopt; });
  return usage;
}

TEST(UsageTest, ResourceMetricsUseUpstreamsNames) {
  const std::string text = resource_metrics(sample());
  for (const char* line : {"container_cpu_usage_seconds_total{container=\"main\",namespace=\"default\",pod=\"web\"} 1.5 1700000000000\n",
                           "container_memory_working_set_bytes{container=\"side\",namespace=\"default\",pod=\"web\"} 1024 1700000000000\n",
                           "container_start_time_seconds{container=\"main\",namespace=\"default\",pod=\"web\"} 1699999940.000\n",
                           "pod_cpu_usage_seconds_total{namespace=\"default\",pod=\"web\"} 2 1700000000000\n",
                           "pod_memory_working_set_bytes{namespace=\"default\",pod=\"web\"} 5120 1700000000000\n", "node_cpu_usage_seconds_total 2 1700000000000\n",
                           "node_memory_working_set_bytes 5120 1700000000000\n", "resource_scrape_error 0\n", "scrape_error 0\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "is missing in\n" << text;
  EXPECT_EQ(text.find("gone"), std::string::npos);
  EXPECT_EQ(text.find("stranger"), std::string::npos);
  EXPECT_EQ(text.find("idle"), std::string::npos);
}

TEST(UsageTest, TheNodesOwnUsageGoesBeforeTheSum) {
  NodeUsage usage = sample();
  usage.use = Usage{9'000'000'000, 1 << 20};
  usage.memory_capacity = 3 << 20;
  usage.complete = false;
  const std::string text = resource_metrics(usage);
  EXPECT_NE(text.find("node_cpu_usage_seconds_total 9 "), std::string::npos);
  EXPECT_NE(text.find("resource_scrape_error 1\n"), std::string::npos);
  const auto summary = nlohmann::json::parse(stats_summary(usage));
  EXPECT_EQ(summary["node"]["nodeName"], "n1");
  EXPECT_EQ(summary["node"]["cpu"]["usageCoreNanoSeconds"], 9'000'000'000);
  EXPECT_EQ(summary["node"]["memory"]["availableBytes"], 2 << 20);
  EXPECT_EQ(summary["pods"][0]["podRef"]["name"], "web");
  EXPECT_EQ(summary["pods"][0]["containers"][0]["rootfs"]["usedBytes"], 10);
  EXPECT_EQ(summary["pods"][0]["memory"]["workingSetBytes"], 5120);
  EXPECT_TRUE(summary["pods"][1]["containers"].empty());
}

TEST(MachineUsageTest, ReadsBothKindsOfCgroups) {
  namespace fs = std::filesystem;
  const fs::path top = fs::temp_directory_path() / ("plumb-usage-" + random_suffix(8));
  const auto write = [&](const fs::path& file, const std::string& text) {
    fs::create_directories((top / file).parent_path());
    std::ofstream(top / file) << text;
  };
  EXPECT_FALSE(cgroup_usage("", top.string()));
  write("cpu,cpuacct/node/cpuacct.usage", "12345\n");
  write("memory/node/memory.usage_in_bytes", "1000\n");
  write("memory/node/memory.stat", "cache 5\ntotal_inactive_file 300\n");
  auto usage = cgroup_usage("/node", top.string());
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_nanoseconds, 12345u);
  EXPECT_EQ(usage->memory_bytes, 700u);
  write("cgroup.controllers", "cpu memory\n");
  write("node/cpu.stat", "usage_usec 7\nuser_usec 3\n");
  write("node/memory.current", "100\n");
  write("node/memory.stat", "inactive_file 200\n");
  usage = cgroup_usage("node", top.string());
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_nanoseconds, 7000u);
  EXPECT_EQ(usage->memory_bytes, 0u);
  fs::remove_all(top);
}

TEST(MachineUsageTest, ReadsInterfaces) {
  const auto found = interface_usage(
      "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
      "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 100 2 3 0 0 0 0 0 200 4 5 0 0 0 0 0\nbroken: 1\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "eth0");
  EXPECT_EQ(found[0].received_bytes, 100u);
  EXPECT_EQ(found[0].received_errors, 3u);
  EXPECT_EQ(found[0].sent_bytes, 200u);
  EXPECT_EQ(found[0].sent_errors, 5u);
}

TEST(SimulatedUsageTest, CountsCpuOverTimeAndFollowsChangesAtOnce) {
  SimulatedUsage usage;
  const auto read = [&](const PodPtr& of, WallTime at) { return usage.read(of, {{"a", now}, {"b", now}}, at).total(); };
  auto web = pod("web", "500m", "64Mi");
  usage.saw(*web, now);
  EXPECT_EQ(read(web, now).cpu_nanoseconds, 0u);
  EXPECT_EQ(read(web, now + 10s).cpu_nanoseconds, 5'000'000'000u);
  EXPECT_EQ(read(web, now + 10s).memory_bytes, 64u << 20);
  web = pod("web", "2", "1Gi");
  usage.saw(*web, now + 10s);
  EXPECT_EQ(read(web, now + 11s).cpu_nanoseconds, 7'000'000'000u);
  EXPECT_EQ(read(web, now + 11s).memory_bytes, 1u << 30);
  usage.saw(*pod("web", "nonsense", "-1"), now + 11s);
  EXPECT_EQ(read(web, now + 12s).cpu_nanoseconds, 7'001'000'000u);
  EXPECT_EQ(read(web, now + 12s).memory_bytes, 1u << 20);
  EXPECT_TRUE(usage.read(web, {}, now).containers.empty());
  usage.gone(*web);
  EXPECT_TRUE(usage.read(web, {{"a", now}}, now).containers.empty());
}

TEST(HollowAddressTest, NamesNodesByAddress) {
  for (const int index : {0, 1, 255, 256, 70'000, 99'999}) EXPECT_EQ(hollow_index(hollow_address(index) + ":10250"), index);
  EXPECT_EQ(hollow_index("127.18.1.2"), 258);
  for (const char* other : {"", "localhost", "127.0.0.1:1", "127.20.0.0", "127.18.0", "127.18.0.256", "10.18.0.1", "127.18.0.x"}) EXPECT_FALSE(hollow_index(other)) << other;
}

TEST(AccessTest, NamesSubresourcesOfTheNode) {
  const auto ask = [](const char* method, const char* path) {
    net::Request request;
    request.method = method;
    request.path = path;
    const auto question = access_question(request, "n1");
    EXPECT_EQ(question.name, "n1");
    return question.verb + " " + question.resource + "/" + question.subresource;
  };
  EXPECT_EQ(ask("GET", "/metrics/resource"), "get nodes/metrics");
  EXPECT_EQ(ask("GET", "/metrics"), "get nodes/metrics");
  EXPECT_EQ(ask("GET", "/stats/summary"), "get nodes/stats");
  EXPECT_EQ(ask("POST", "/exec/a/b/c"), "create nodes/proxy");
  EXPECT_EQ(ask("GET", "/metricsandmore"), "get nodes/proxy");
}

}  // namespace
}  // namespace plumb::kubelet
