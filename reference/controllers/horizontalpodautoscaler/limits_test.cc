// Decisions in the course of time: "seconds: current, recommended" and what becomes of it.
#include "reference/controllers/horizontalpodautoscaler/limits.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::controllers::hpa {
namespace {

using std::chrono::seconds;
using Behavior = autoscalingv2::HorizontalPodAutoscalerBehavior;

const Instant start{std::chrono::hours(1000)};

class Course {
 public:
  explicit Course(Bounds bounds, const char* behavior = nullptr) : bounds_(bounds) {
    if (!behavior) return;
    auto read = api::decode_json_as<autoscalingv2::HorizontalPodAutoscaler>(std::string(R"({"spec":{"behavior":)") + behavior + "}}");
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
    autoscaler_ = std::move(*read);
  }
  // As the controller does: what is decided is done.
  std::string at(int second, std::int32_t recommended) {
    const Instant now = start + seconds(second);
    if (history_.recommendations.empty()) history_.recommendations.record(current_, now);
    const Limited limited = limit(current_, recommended, bounds_, behavior(), std::chrono::minutes(5), history_, now);
    remember_scaling(current_, limited.replicas, behavior(), history_, now);
    current_ = limited.replicas;
    return std::to_string(limited.replicas) + " " + std::string(limited.able.reason) + " " + std::string(limited.why.reason);
  }
  Course& from(std::int32_t replicas) {
    current_ = replicas;
    return *this;
  }
  std::size_t remembered() const { return history_.recommendations.size(); }

 private:
  const Behavior* behavior() const { return autoscaler_.spec.behavior.get(); }

  const Bounds bounds_;
  autoscalingv2::HorizontalPodAutoscaler autoscaler_;
  ScaleHistory history_;
  std::int32_t current_ = 1;
};

TEST(Limits, BoundsAndGrowthWithoutABehaviour) {
  Course course({2, 30});
  EXPECT_EQ(course.at(0, 3), "3 ReadyForNewScale DesiredWithinRange");
  EXPECT_EQ(course.at(15, 100), "6 ReadyForNewScale ScaleUpLimit") << "doubled";
  EXPECT_EQ(course.at(30, 100), "12 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(course.at(45, 100), "24 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(course.at(60, 100), "30 ReadyForNewScale TooManyReplicas");
  EXPECT_EQ(Course({2, 30}).at(0, 100), "4 ReadyForNewScale ScaleUpLimit") << "four where twice is less";
  EXPECT_EQ(Course({2, 30}).from(2).at(400, 0), "2 ScaleDownStabilized DesiredWithinRange");
}

TEST(Limits, FiveMinutesPassBeforeReplicasGo) {
  Course course({1, 30});
  course.from(10);
  EXPECT_EQ(course.at(0, 10), "10 ReadyForNewScale DesiredWithinRange");
  for (int second = 15; second <= 300; second += 15) EXPECT_EQ(course.at(second, 2), "10 ScaleDownStabilized DesiredWithinRange") << second;
  EXPECT_EQ(course.at(301, 2), "2 ReadyForNewScale DesiredWithinRange");
  EXPECT_EQ(course.at(315, 0), "2 ScaleDownStabilized DesiredWithinRange");
  EXPECT_EQ(course.at(615, 0), "1 ReadyForNewScale TooFewReplicas");
}

TEST(Limits, TheHighestOfFiveMinutesDecides) {
  Course course({1, 30});
  course.from(8);
  course.at(0, 8);
  course.at(100, 5);
  course.at(200, 3);
  EXPECT_EQ(course.at(301, 1), "5 ScaleDownStabilized DesiredWithinRange");
  EXPECT_EQ(course.at(401, 1), "3 ScaleDownStabilized DesiredWithinRange");
  EXPECT_EQ(course.at(450, 7), "6 ReadyForNewScale ScaleUpLimit") << "no more than the double at once";
}

TEST(Limits, FlappingRestsAtTheTop) {
  Course course({1, 100});
  course.from(4);
  for (int second = 0; second < 900; second += 15) EXPECT_EQ(course.at(second, second % 30 ? 2 : 4).substr(0, 2), "4 ") << second;
  Course damped({1, 100}, R"({"scaleUp":{"stabilizationWindowSeconds":60,"selectPolicy":"Max","policies":[{"type":"Percent","value":100,"periodSeconds":15}]},
                              "scaleDown":{"selectPolicy":"Max","policies":[{"type":"Percent","value":100,"periodSeconds":15}]}})");
  damped.from(4);
  for (int second = 0; second < 900; second += 15) EXPECT_EQ(damped.at(second, second % 30 ? 4 : 8).substr(0, 2), "4 ") << second;
}

TEST(Limits, GrowthWaitsForItsWindow) {
  Course course({1, 100}, R"({"scaleUp":{"stabilizationWindowSeconds":60,"selectPolicy":"Max","policies":[{"type":"Percent","value":900,"periodSeconds":15}]}})");
  course.from(2);
  EXPECT_EQ(course.at(0, 2), "2 ReadyForNewScale DesiredWithinRange");
  EXPECT_EQ(course.at(15, 9), "2 ScaleUpStabilized DesiredWithinRange");
  EXPECT_EQ(course.at(30, 6), "2 ScaleUpStabilized DesiredWithinRange");
  EXPECT_EQ(course.at(60, 12), "6 ScaleUpStabilized DesiredWithinRange") << "the lowest of the last minute";
  EXPECT_EQ(course.at(91, 12), "12 ReadyForNewScale DesiredWithinRange");
}

TEST(Limits, PoliciesBoundChangesPerPeriod) {
  Course pods({1, 100}, R"({"scaleUp":{"selectPolicy":"Max","policies":[{"type":"Pods","value":3,"periodSeconds":60}]},
                            "scaleDown":{"stabilizationWindowSeconds":0,"selectPolicy":"Max","policies":[{"type":"Pods","value":2,"periodSeconds":60}]}})");
  pods.from(5);
  EXPECT_EQ(pods.at(0, 20), "8 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(pods.at(15, 20), "8 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(pods.at(59, 20), "8 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(pods.at(60, 20), "11 ReadyForNewScale ScaleUpLimit") << "the period is over";
  EXPECT_EQ(pods.at(75, 1), "6 ReadyForNewScale ScaleDownLimit") << "two fewer than the 8 at the start of the period";
}

TEST(Limits, ChangesBothWaysCount) {
  Course course({1, 100}, R"({"scaleUp":{"selectPolicy":"Max","policies":[{"type":"Pods","value":4,"periodSeconds":60}]},
                              "scaleDown":{"stabilizationWindowSeconds":0,"selectPolicy":"Max","policies":[{"type":"Percent","value":50,"periodSeconds":60}]}})");
  course.from(10);
  EXPECT_EQ(course.at(0, 1), "5 ReadyForNewScale ScaleDownLimit");
  EXPECT_EQ(course.at(15, 1), "5 ReadyForNewScale ScaleDownLimit");
  EXPECT_EQ(course.at(20, 30), "14 ReadyForNewScale ScaleUpLimit") << "the period began with 10";
  EXPECT_EQ(course.at(61, 30), "14 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(course.at(80, 30), "18 ReadyForNewScale ScaleUpLimit");
}

TEST(Limits, MostAndLeastOfSeveralPolicies) {
  const auto with = [](const char* select) {
    return std::string(R"({"scaleUp":{"selectPolicy":")") + select + R"(","policies":[{"type":"Pods","value":4,"periodSeconds":60},{"type":"Percent","value":10,"periodSeconds":60}]},
        "scaleDown":{"stabilizationWindowSeconds":0,"selectPolicy":")" + select + R"(","policies":[{"type":"Pods","value":4,"periodSeconds":60},{"type":"Percent","value":10,"periodSeconds":60}]}})";
  };
  EXPECT_EQ(Course({1, 500}, with("Max").c_str()).from(20).at(0, 400), "24 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(Course({1, 500}, with("Min").c_str()).from(20).at(0, 400), "22 ReadyForNewScale ScaleUpLimit");
  EXPECT_EQ(Course({1, 500}, with("Disabled").c_str()).from(20).at(0, 400), "20 ReadyForNewScale ScaleUpLimit");
  Course most({1, 500}, with("Max").c_str()), least({1, 500}, with("Min").c_str()), never({1, 500}, with("Disabled").c_str());
  most.from(20).at(0, 20), least.from(20).at(0, 20), never.from(20).at(0, 20);
  EXPECT_EQ(most.at(15, 1), "16 ReadyForNewScale ScaleDownLimit");
  EXPECT_EQ(least.at(15, 1), "18 ReadyForNewScale ScaleDownLimit");
  EXPECT_EQ(never.at(15, 1), "20 ReadyForNewScale ScaleDownLimit");
}

TEST(Limits, SharesAreRoundedSoThatSomethingHappens) {
  const char* tenth = R"({"scaleUp":{"selectPolicy":"Max","policies":[{"type":"Percent","value":10,"periodSeconds":15}]},
                          "scaleDown":{"stabilizationWindowSeconds":0,"selectPolicy":"Max","policies":[{"type":"Percent","value":10,"periodSeconds":15}]}})";
  EXPECT_EQ(Course({1, 9}, tenth).from(2).at(0, 9), "3 ReadyForNewScale ScaleUpLimit");
  Course down({1, 9}, tenth);
  down.from(3).at(0, 3);
  EXPECT_EQ(down.at(15, 1), "2 ReadyForNewScale ScaleDownLimit");
}

TEST(Limits, MemoryDoesNotGrowWithTheRateOfDecisions) {
  Course course({1, 100}, R"({"scaleUp":{"selectPolicy":"Max","policies":[{"type":"Pods","value":1,"periodSeconds":1800}]},
                              "scaleDown":{"stabilizationWindowSeconds":3600,"selectPolicy":"Max","policies":[{"type":"Pods","value":1,"periodSeconds":1800}]}})");
  for (int second = 0; second < 7200; ++second) course.at(second, 5 + second % 3);
  EXPECT_LT(course.remembered(), 10u);
}

TEST(Recommendations, AnyWindowOfAnyCourse) {
  Recommendations remembered;
  std::vector<std::int32_t> all;
  std::uint32_t state = 7;
  for (int second = 0; second < 500; ++second) {
    state = state * 1664525u + 1013904223u;
    all.push_back(static_cast<std::int32_t>(state >> 27));
    remembered.record(all.back(), start + seconds(second));
    for (const int window : {0, 1, 7, 60, 400}) {
      const int first = std::max(0, second - window);
      EXPECT_EQ(remembered.highest(start + seconds(first), -1), *std::max_element(all.begin() + first, all.end()));
      EXPECT_EQ(remembered.lowest(start + seconds(first), 1000), *std::min_element(all.begin() + first, all.end()));
    }
  }
}

}  // namespace
}  // namespace plumb::controllers::hpa
