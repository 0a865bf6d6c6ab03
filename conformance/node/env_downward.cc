#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

namespace {

// A quantity in whole units, rounded up, as a divisor of 1 gives it. Nodes write theirs in these forms.
std::string whole(const std::string& quantity) {
  std::size_t digits = 0;
  const long long number = std::stoll(quantity, &digits);
  const std::string unit = quantity.substr(digits);
  if (unit == "m") return std::to_string((number + 999) / 1000);
  const std::map<std::string, long long> factors{{"", 1},           {"k", 1000},      {"M", 1000000},       {"G", 1000000000},
                                                 {"Ki", 1ll << 10}, {"Mi", 1ll << 20}, {"Gi", 1ll << 30}, {"Ti", 1ll << 40}};
  return std::to_string(number * factors.at(unit));
}

}  // namespace

PLUMB_CONFORMANCE(node, env_downward,
                  {.requirement = "A container's environment MUST tell, as asked, the pod's name, namespace, UID, addresses, labels and node, and "
                                  "the container's requests and limits in the unit of the divisor, the node's capacity standing in for a missing "
                                  "limit.",
                   .covers = {"DownwardAPI, environment for name, namespace and ip", "DownwardAPI, environment for Pod UID",
                              "DownwardAPI, environment for host ip", "DownwardAPI, environment for CPU and memory limits and requests",
                              "DownwardAPI, environment for default CPU and memory limits and requests"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Json pod = c.await_ready("told");
  const Json node = c.must(c.client().get({"v1", "nodes"}, text_at(pod, "/spec/nodeName")));
  const std::map<std::string, std::string> wanted{
      {"POD_NAME", "told"},
      {"POD_NAMESPACE", c.space()},
      {"POD_UID", text_at(pod, "/metadata/uid")},
      {"POD_IP", text_at(pod, "/status/podIP")},
      {"HOST_IP", text_at(pod, "/status/hostIP")},
      {"NODE", name_of(node)},
      {"ACCOUNT", "default"},
      {"COLOUR", "red"},
      {"NOTE", "n;o=te"},
      {"CPU_REQUEST", "100"},
      {"CPU_LIMIT", "1"},
      {"MEMORY_REQUEST", "32"},
      {"MEMORY_LIMIT", "67108864"},
  };
  const std::string text = "\n" + c.output("told", {"env"}, "main") + "\n";
  for (const auto& [name, value] : wanted) {
    EXPECT_FALSE(value.empty()) << name;
    EXPECT_TRUE(has(text, "\n" + name + "=" + value + "\n"));
  }
  const auto allocatable = [&](const char* what) { return text_at(node, std::string("/status/allocatable/") + what); };
  EXPECT_EQ(c.output("told", {"env", "CPU_LIMIT"}, "unlimited"), whole(allocatable("cpu")));
  EXPECT_EQ(c.output("told", {"env", "MEMORY_LIMIT"}, "unlimited"), whole(allocatable("memory")));
}
