#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

std::string pod(std::string_view spec) { return R"({"metadata":{"name":"p"},"spec":)" + std::string(spec) + "}"; }
std::string with_container(std::string_view rest) { return pod(R"({"containers":[{"name":"a","image":"i")" + std::string(rest) + "}]}"); }

TEST(PodRules, CausesOfNewPods) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {pod(R"({"containers":[{"name":"a","image":"i"}]})"), {}},
      {pod("{}"), {"spec.containers: Required value"}},
      {pod(R"({"containers":[{}]})"), {"spec.containers[0].name: Required value", "spec.containers[0].image: Required value"}},
      {pod(R"({"containers":[{"name":"a","image":"i"},{"name":"a","image":" i"}]})"),
       {R"(spec.containers[1].image: Invalid value: " i": must not have leading or trailing whitespace)", R"(spec.containers[1].name: Duplicate value: "a")"}},
      {with_container(R"(,"ports":[{"containerPort":0}])"), {"spec.containers[0].ports[0].containerPort: Required value"}},
      {with_container(R"(,"volumeMounts":[{"name":"v","mountPath":"/x"}])"), {R"(spec.containers[0].volumeMounts[0].name: Not found: "v")"}},
      {with_container(R"(,"resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}})"),
       {R"(spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1)"}},
      {with_container(R"(,"resources":{"limits":{"gpu":"1"}})"),
       {R"(spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers)",
        R"(spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers)"}},
      {with_container(R"(,"livenessProbe":{})"), {"spec.containers[0].livenessProbe: Required value: must specify a handler type"}},
      {with_container(R"(,"livenessProbe":{"successThreshold":2,"exec":{"command":["x"]}})"),
       {"spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"}},
      {pod(R"({"activeDeadlineSeconds":0,"containers":[{"name":"a","image":"i"}]})"),
       {"spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"}},
      {pod(R"({"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/a/../b"}}],"containers":[{"name":"a","image":"i"}]})"),
       {"spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"}},
      {pod(R"({"volumes":[{"name":"v","hostPath":{"path":"/a/../b"}}],"containers":[{"name":"a","image":"i"}]})"),
       {R"(spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..')"}},
      {pod(R"({"initContainers":[{"name":"a","image":"i","readinessProbe":{"exec":{"command":["x"]}}}],"containers":[{"name":"a","image":"i"}]})"),
       {R"(spec.initContainers[0].name: Duplicate value: "a")",
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"}},
      {pod(R"({"tolerations":[{"operator":"Equal"}],"containers":[{"name":"a","image":"i"}]})"),
       {R"(spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means \"match all values and all keys\")"}},
  };
  for (auto [json, expected] : table) {
    for (std::string& line : expected)  // the message itself has no backslashes
      for (std::size_t at; (at = line.find("\\\"")) != std::string::npos;) line.erase(at, 1);
    EXPECT_EQ(causes("pods", json), expected) << json;
  }
}

TEST(PodRules, LabelKeys) {
  const auto affinity = [](std::string_view rest) {
    return pod(R"({"containers":[{"name":"a","image":"i"}],"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"z",)" +
               std::string(rest) + "}]}}}");
  };
  const std::string at = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
  EXPECT_EQ(causes("pods", affinity(R"("labelSelector":{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},"matchLabelKeys":["k"])")), Lines{})
      << "as the server has merged it";
  EXPECT_EQ(causes("pods", affinity(R"("matchLabelKeys":["k"])")),
            Lines{at + ".matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"});
  EXPECT_EQ(causes("pods", affinity(R"("labelSelector":{"matchLabels":{"k":"v"},"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},"matchLabelKeys":["k"])")),
            Lines{at + R"([0]: Invalid value: "k": exists in both matchLabelKeys and labelSelector)"});
  EXPECT_EQ(causes("pods", affinity(R"("labelSelector":{},"matchLabelKeys":["a","k"],"mismatchLabelKeys":["k"])")),
            Lines{at + R"(.matchLabelKeys[1]: Invalid value: "k": exists in both matchLabelKeys and mismatchLabelKeys)"});
  EXPECT_EQ(causes("pods", pod(R"({"containers":[{"name":"a","image":"i"}],"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"ScheduleAnyway","matchLabelKeys":["k"]}]})")),
            Lines{"spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"});
}

TEST(PodRules, UpdatesMayChangeOnlyAFewFields) {
  const std::string before = pod(R"({"containers":[{"name":"a","image":"i:1"}],"tolerations":[{"key":"k","operator":"Exists"}]})");
  EXPECT_EQ(update_causes("pods", before, before), Lines{});
  const std::string allowed = pod(R"({"containers":[{"name":"a","image":"i:2"}],"activeDeadlineSeconds":5,
      "tolerations":[{"key":"k","operator":"Exists"},{"key":"l","operator":"Exists"}]})");
  EXPECT_EQ(update_causes("pods", before, allowed), Lines{});
  const std::string node = pod(R"({"nodeName":"n","containers":[{"name":"a","image":"i:1"}],"tolerations":[{"key":"k","operator":"Exists"}]})");
  const Lines refused = update_causes("pods", before, node);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_TRUE(refused.front().starts_with("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`")) << refused.front();
  EXPECT_EQ(update_causes("pods", before, pod(R"({"containers":[{"name":"a","image":"i:1"}]})")),
            Lines{"spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"});
  EXPECT_EQ(update_causes("pods", before, pod(R"({"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]})")),
            Lines{"spec.containers: Forbidden: pod updates may not add or remove containers"});
}

TEST(PodRow, TellsTheStateOfContainers) {
  const WallTime now = time("2024-01-01T01:00:00Z");
  const auto row = [&](std::string_view spec, std::string_view status, std::string_view meta = "") {
    Lines all = cells("pods", R"({"metadata":{"name":"p","creationTimestamp":"2024-01-01T00:00:00Z")" + std::string(meta) + R"(},"spec":)" +
                                  std::string(spec) + R"(,"status":)" + std::string(status) + "}", now, 0);
    return all;
  };
  const std::string_view one = R"({"containers":[{"name":"a"}]})";
  EXPECT_EQ(row(one, R"({"phase":"Pending"})"), (Lines{"p", "0/1", "Pending", "0", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ContainerCreating"}}}]})"),
            (Lines{"p", "0/1", "ContainerCreating", "0", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Running","containerStatuses":[{"ready":true,"restartCount":1,"state":{"running":{}},
      "lastState":{"terminated":{"finishedAt":"2024-01-01T00:59:55Z"}}}]})"), (Lines{"p", "1/1", "Running", "1 (5s ago)", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Running","containerStatuses":[{"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})"),
            (Lines{"p", "0/1", "CrashLoopBackOff", "3", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}}]})"),
            (Lines{"p", "0/1", "Completed", "0", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":2}}}]})"), (Lines{"p", "0/1", "ExitCode:2", "0", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Running"})", R"(,"deletionTimestamp":"2024-01-01T00:30:00Z")"), (Lines{"p", "0/1", "Terminating", "0", "60m"}));
  const std::string_view init = R"({"initContainers":[{"name":"i"}],"containers":[{"name":"a"}]})";
  EXPECT_EQ(row(init, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]})"), (Lines{"p", "0/1", "Init:0/1", "0", "60m"}));
  EXPECT_EQ(row(init, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1,"reason":"Error"}}}]})"),
            (Lines{"p", "0/1", "Init:Error", "0", "60m"}));
  EXPECT_EQ(row(one, R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]})"),
            (Lines{"p", "0/1", "SchedulingGated", "0", "60m"}));
}

}  // namespace
}  // namespace plumb::resources::testing
