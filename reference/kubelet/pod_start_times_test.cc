#include "reference/kubelet/pod_start_times.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

const WallTime created(std::chrono::seconds(1'600'000'000));  // 2020-09-13T12:26:40Z

class Starts : public testing::Test {
 protected:
  void saw(Duration after, const std::string& uid, const std::string& status = "{}", const std::string& spec = "{}") {
    const auto pod = api::decode_json_as<corev1::Pod>(R"({"metadata":{"uid":")" + uid + R"(","creationTimestamp":"2020-09-13T12:26:40Z"},"spec":)" + spec + ",\"status\":" + status + "}");
    ASSERT_TRUE(pod.ok()) << pod.error().message;
    times.saw(*pod, created + after);
  }
  static std::string state(const std::string& one, const std::string& more = "") { return R"({"phase":"Pending","containerStatuses":[{"name":"a","state":)" + one + "}]" + more + "}"; }

  const std::string waits = state(R"({"waiting":{"reason":"ContainerCreating"}})"), runs = state(R"({"running":{"startedAt":"2020-09-13T12:26:43Z"}})", R"(,"startTime":"2020-09-13T12:26:41Z")");
  std::vector<PodStart> starts;
  std::vector<Duration> running;
  PodStartTimes times{[this](const PodStart& start) { starts.push_back(start); }, [this](Duration took) { running.push_back(took); }};
};

TEST_F(Starts, CountFromTheCreationToTheWatchOnce) {
  saw(1s, "u");
  saw(2s, "u", waits);
  EXPECT_TRUE(starts.empty());
  saw(3s, "u", runs);
  saw(9s, "u", runs);
  ASSERT_EQ(starts.size(), 1u);
  EXPECT_EQ(starts[0].total, 3s);
  EXPECT_EQ(starts[0].sli, 3s);
  EXPECT_TRUE(starts[0].on_pod_network);
}

TEST_F(Starts, PullsThatOverlapAndInitContainersAreNotTheKubelets) {
  saw(1s, "u", "{}", R"({"hostNetwork":true})");
  times.pulled("u", created + 14s, created + 20s);
  times.pulled("u", created + 10s, created + 16s);
  times.pulled("u", created + 11s, created + 15s);
  times.pulled("u", created + 22s, created + 23s);
  times.pulled("other", created + 1s, created + 9s);
  times.init_ran("u", 2s);
  times.init_ran("u", 1500ms);
  saw(30s, "u", runs, R"({"hostNetwork":true})");
  ASSERT_EQ(starts.size(), 1u);
  EXPECT_EQ(starts[0].total, 30s);
  EXPECT_EQ(starts[0].sli, 30s - 11s - 3500ms);
  EXPECT_FALSE(starts[0].on_pod_network);
}

TEST_F(Starts, PodsWithStateHaveNoSli) {
  for (const auto& [uid, volume] : {std::pair{"a", R"({"persistentVolumeClaim":{"claimName":"c"}})"}, {"b", R"({"emptyDir":{}})"}, {"c", R"({"hostPath":{"path":"/"}})"}}) {
    const std::string spec = std::string(R"({"volumes":[)") + volume + "]}";
    saw(1s, uid, "{}", spec);
    saw(3s, uid, runs, spec);
  }
  ASSERT_EQ(starts.size(), 3u);
  EXPECT_FALSE(starts[0].sli);
  EXPECT_TRUE(starts[1].sli);
  EXPECT_FALSE(starts[2].sli);
}

TEST_F(Starts, WhatTheKubeletDidNotSeeBeginIsNotMeasured) {
  saw(1s, "accepted before", runs);
  saw(2s, "accepted before", runs);
  const std::string unschedulable = R"({"conditions":[{"type":"PodScheduled","status":"False"}]})";
  saw(1s, "unschedulable first", unschedulable);
  saw(2s, "unschedulable first");
  saw(3s, "unschedulable first", runs);
  saw(1s, "unschedulable later");
  saw(2s, "unschedulable later", unschedulable);
  saw(3s, "unschedulable later", runs);
  saw(1s, "failed");
  saw(2s, "failed", R"({"phase":"Failed"})");
  saw(3s, "failed", runs);
  saw(1s, "gone");
  times.gone("gone");
  saw(3s, "gone", runs);
  EXPECT_TRUE(starts.empty());
}

TEST_F(Starts, APodThatRunsDidSoSinceItWasSeen) {
  saw(1s, "u");
  times.runs("u", created + 4s);
  times.runs("u", created + 5s);
  times.runs("other", created + 5s);
  EXPECT_EQ(running, (std::vector<Duration>{3s}));
}

}  // namespace
}  // namespace plumb::kubelet
