#include <gtest/gtest.h>

#include <cmath>

#include "conformance/quantity.h"
#include "conformance/storage/volume_files.h"

namespace {

using namespace plumb::harness;

std::string whole(double number) { return std::to_string(std::llround(number)); }

// What a container without limits may use: what its node has for pods.
void expect_allocatable(Cluster& c, const std::string& pod, const std::string& folder) {
  const Json node = c.must(c.client().get({"v1", "nodes", ""}, text_at(c.must(c.client().get(c.pods(), pod)), "/spec/nodeName")));
  EXPECT_EQ(file_text(c, pod, folder + "/cpu-limit"), whole(1000 * amount_of(text_at(node, "/status/allocatable/cpu")))) << folder;
  EXPECT_EQ(file_text(c, pod, folder + "/memory-limit"), whole(amount_of(text_at(node, "/status/allocatable/memory")))) << folder;
}

}  // namespace

PLUMB_CONFORMANCE(storage, downward_volume,
                  {.requirement = "A downwardAPI volume, by itself or projected, MUST show the pod's name, its labels and annotations as they change, its containers' requests and limits, "
                                  "where there is no limit what the node has for pods, each with the mode that is asked for.",
                   .covers = {"DownwardAPI volume, CPU limits", "DownwardAPI volume, CPU request", "DownwardAPI volume, memory limits", "DownwardAPI volume, memory request",
                              "DownwardAPI volume, CPU limit, default node allocatable", "DownwardAPI volume, memory limit, default node allocatable",
                              "DownwardAPI volume, file mode 0400", "DownwardAPI volume, volume mode 0400", "Projected Volume, DownwardAPI, CPU limits",
                              "Projected Volume, DownwardAPI, CPU request", "Projected Volume, DownwardAPI, memory limits", "Projected Volume, DownwardAPI, memory request",
                              "Projected Volume, DownwardAPI, CPU limit, node allocatable", "Projected Volume, DownwardAPI, memory limit, node allocatable",
                              "Projected Volume, DownwardAPI, pod name", "Projected Volume, DownwardAPI, update annotation", "Projected Volume, DownwardAPI, update labels",
                              "Projected Volume, DownwardAPI, volume mode 0400"},
                   .needs = {"image"}}) {
  c.apply_manifest();
  for (const char* pod : {"limited", "unlimited"}) c.await_ready(pod);
  for (const char* folder : {"/fields", "/projected"}) {
    EXPECT_EQ(file_text(c, "limited", std::string(folder) + "/name"), "limited") << folder;
    for (const auto& [name, value] : std::map<std::string, std::string>{{"cpu-limit", "1250"}, {"cpu-request", "250"}, {"memory-limit", "64"}, {"memory-request", "32"}})
      EXPECT_EQ(file_text(c, "limited", folder + ("/" + name)), value) << folder << "/" << name;
    expect_allocatable(c, "unlimited", folder);
  }
  EXPECT_EQ(file_mode(c, "limited", "/fields/name"), "0400");
  EXPECT_EQ(file_mode(c, "limited", "/fields/cpu-limit"), "0644");
  for (const char* folder : {"/moded", "/projected-moded"}) {
    EXPECT_EQ(file_mode(c, "limited", std::string(folder) + "/name"), "0400") << folder;
    EXPECT_EQ(file_text(c, "limited", std::string(folder) + "/name"), "limited") << folder;
  }

  EXPECT_EQ(file_text(c, "limited", "/projected/labels"), "colour=\"red\"");
  EXPECT_TRUE(has(file_text(c, "limited", "/projected/annotations"), "note=\"one\""));
  c.must(c.client().patch(c.pods(), "limited", PatchKind::merge, {{"metadata", {{"labels", {{"colour", "green"}}}, {"annotations", {{"note", "two"}}}}}}));
  c.eventually("the new label to show", [&] { return file_text(c, "limited", "/projected/labels") == "colour=\"green\""; }, timeouts::rollout);
  c.eventually("the new annotation to show", [&] { return has(file_text(c, "limited", "/projected/annotations"), "note=\"two\""); }, timeouts::rollout);
}
