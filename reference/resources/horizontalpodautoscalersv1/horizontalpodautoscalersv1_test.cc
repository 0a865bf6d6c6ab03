// autoscaling/v1 and v2 as forms of one object.
#include <gtest/gtest.h>

#include "reference/api/codec/json.h"
#include "reference/api/doc/document.h"
#include "reference/api/types/autoscalingv1.h"
#include "reference/api/types/autoscalingv2.h"
#include "reference/api/walk.h"
#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

const Resource& v1() { return *find("autoscaling", "v1", "horizontalpodautoscalers"); }
const Resource& v2() { return *find("autoscaling", "v2", "horizontalpodautoscalers"); }

std::shared_ptr<api::Object> read(const Resource& resource, std::string_view json) {
  auto made = api::decode_json(resource.type(), json);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return made.ok() ? *made : resource.type().make();
}
std::string text(const api::Object& object) {
  std::string json;
  api::encode_json(object, json);
  return json;
}
std::string annotation(const api::Object& object, const std::string& name) {
  return object.metadata.annotations.get("autoscaling.alpha.kubernetes.io/" + name).str();
}

TEST(HorizontalPodAutoscalersV1, NamesTheStoredVersion) {
  EXPECT_EQ(v1().stored_as(), &v2());
  EXPECT_EQ(v2().stored_as(), nullptr);
  EXPECT_EQ(v1().group_resource(), v2().group_resource());
}

TEST(HorizontalPodAutoscalersV1, UtilizationOfCpuIsItsOneMetric) {
  const auto object = read(v1(), R"({"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},"maxReplicas":3,
      "targetCPUUtilizationPercentage":55},"status":{"currentReplicas":1,"desiredReplicas":2,"currentCPUUtilizationPercentage":40}})");
  v1().set_defaults(*object);
  const auto stored = v1().to_stored(*object);
  EXPECT_EQ(at(*stored, "/spec/minReplicas"), "1");
  EXPECT_EQ(at(*stored, "/spec/metrics"), R"([{"resource":{"name":"cpu","target":{"averageUtilization":55,"type":"Utilization"}},"type":"Resource"}])");
  EXPECT_EQ(at(*stored, "/status/currentMetrics"), R"([{"resource":{"current":{"averageUtilization":40},"name":"cpu"},"type":"Resource"}])");
  const auto shown = v1().from_stored(*stored);
  EXPECT_EQ(at(*shown, "/spec/targetCPUUtilizationPercentage"), "55");
  EXPECT_EQ(at(*shown, "/status/currentCPUUtilizationPercentage"), "40");
  EXPECT_EQ(annotation(*shown, "metrics"), "");
}

TEST(HorizontalPodAutoscalersV1, WithoutAnyMetricCpuAt80IsMeant) {
  const auto stored = v1().to_stored(*read(v1(), R"({"spec":{"maxReplicas":3}})"));
  EXPECT_EQ(at(*stored, "/spec/metrics/0/resource/target/averageUtilization"), "80");
}

// The forms of the annotations are upstream's: v1 metrics and conditions, and a Go struct for the behavior.
TEST(HorizontalPodAutoscalersV1, AnnotationsHoldWhatItCannotSay) {
  const auto stored = read(v2(), R"({"metadata":{"name":"a","annotations":{"mine":"stays","autoscaling.alpha.kubernetes.io/metrics":"stale"}},
      "spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"minReplicas":1,"maxReplicas":3,
        "metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}],
        "behavior":{"scaleUp":{"selectPolicy":"Max","policies":[{"type":"Pods","value":4,"periodSeconds":15}],"stabilizationWindowSeconds":0}}},
      "status":{"currentReplicas":1,"desiredReplicas":1,"currentMetrics":[{"type":"Resource","resource":{"name":"memory","current":{"averageValue":"10Mi"}}}],
        "conditions":[{"type":"AbleToScale","status":"True","lastTransitionTime":"2024-01-01T00:00:00Z","reason":"r","message":"m"}]}})");
  const auto shown = v1().from_stored(*stored);
  EXPECT_EQ(annotation(*shown, "metrics"), R"([{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}])");
  EXPECT_EQ(annotation(*shown, "current-metrics"), R"([{"type":"Resource","resource":{"name":"memory","currentAverageValue":"10Mi"}}])");
  EXPECT_EQ(annotation(*shown, "conditions"),
            R"([{"type":"AbleToScale","status":"True","lastTransitionTime":"2024-01-01T00:00:00Z","reason":"r","message":"m"}])");
  EXPECT_EQ(annotation(*shown, "behavior"),
            R"({"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null})");
  EXPECT_EQ(shown->metadata.annotations.get("mine").view(), "stays");
  EXPECT_EQ(at(*shown, "/spec/targetCPUUtilizationPercentage"), "");

  const auto back = v1().to_stored(*shown);
  const auto expected = api::clone(*stored);
  expected->metadata.annotations.erase("autoscaling.alpha.kubernetes.io/metrics");
  EXPECT_EQ(text(*back), text(*expected));
}

TEST(HorizontalPodAutoscalersV1, EveryKindOfMetricComesBack) {
  const std::string selector = R"({"matchLabels":{"a":"b"}})";
  const auto stored = read(v2(), R"({"spec":{"maxReplicas":3,"metrics":[
      {"type":"Object","object":{"describedObject":{"kind":"Service","name":"s","apiVersion":"v1"},"metric":{"name":"m","selector":)" + selector + R"(},"target":{"type":"Value","value":"5"}}},
      {"type":"Pods","pods":{"metric":{"name":"m","selector":)" + selector + R"(},"target":{"type":"AverageValue","averageValue":"5"}}},
      {"type":"ContainerResource","containerResource":{"name":"cpu","container":"c","target":{"type":"Utilization","averageUtilization":5}}},
      {"type":"External","external":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"5"}}},
      {"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"5"}}},
      {"type":"Resource","resource":{"name":"cpu","target":{"type":"AverageValue","averageValue":"100m"}}}]},
     "status":{"currentReplicas":1,"desiredReplicas":1,"currentMetrics":[
      {"type":"Object","object":{"describedObject":{"kind":"Service","name":"s"},"metric":{"name":"m"},"current":{"value":"5","averageValue":"2"}}},
      {"type":"Pods","pods":{"metric":{"name":"m"},"current":{"averageValue":"5"}}},
      {"type":"ContainerResource","containerResource":{"name":"cpu","container":"c","current":{"averageValue":"5","averageUtilization":4}}},
      {"type":"External","external":{"metric":{"name":"m"},"current":{"value":"5"}}}]}})");
  const auto back = v1().to_stored(*v1().from_stored(*stored));
  EXPECT_EQ(text(*back), text(*stored));
}

TEST(HorizontalPodAutoscalersV1, MalformedAnnotationsSayNothing) {
  for (const char* value : {"", "7", "{", "[7]", R"([{"type":7}])"}) {
    auto object = read(v1(), R"({"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":5}})");
    for (const char* name : {"metrics", "current-metrics", "conditions", "behavior"})
      object->metadata.annotations.set(std::string("autoscaling.alpha.kubernetes.io/") + name, api::Str(std::string_view(value)));
    const auto stored = v1().to_stored(*object);
    EXPECT_EQ(at(*stored, "/metadata/annotations"), "") << value;
    EXPECT_EQ(at(*stored, "/spec/metrics/1"), "") << value;
    EXPECT_EQ(at(*stored, "/spec/behavior"), "") << value;
  }
  auto object = read(v1(), R"({"spec":{"maxReplicas":3}})");
  for (const char* value : {R"({"ScaleUp":7})", R"({"ScaleUp":{"StabilizationWindowSeconds":99999999999}})", R"({"ScaleUp":{"Tolerance":"x"}})", R"({"ScaleUp":{"Policies":[7]}})"}) {
    object->metadata.annotations.set("autoscaling.alpha.kubernetes.io/behavior", api::Str(std::string_view(value)));
    EXPECT_EQ(at(*v1().to_stored(*object), "/spec/behavior"), "") << value;
  }
}

TEST(HorizontalPodAutoscalersV1, FollowsTheRulesOfTheStoredVersion) {
  const auto object = read(v1(), R"({"spec":{"minReplicas":2,"maxReplicas":1,"scaleTargetRef":{"apiVersion":"v1","kind":"Deployment","name":"d"}}})");
  FieldErrors errors;
  v1().validate(*object, errors);
  v1().validate_create(*object, errors);
  EXPECT_EQ(errors.to_string(),
            "[spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`, "
            "spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group]");
}

}  // namespace
}  // namespace plumb::resources::testing
