#include <gtest/gtest.h>

#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

const std::string quotas = "resourcequotas";

Lines spec(std::string_view text) { return causes(quotas, "{\"spec\":" + std::string(text) + "}"); }

TEST(ResourceQuotas, NamesAreStandardOrQualified) {
  EXPECT_EQ(spec(R"({"hard":{"cpu":"1","requests.storage":"1Gi","count/deployments.apps":"3","requests.example.com/gpu":"2","gold.storageclass.storage.k8s.io/requests.storage":"1Gi",
                            "requests.hugepages-2Mi":"4Mi","services.nodeports":"0"}})"),
            Lines{});
  EXPECT_EQ(spec(R"({"hard":{"disk":"1"}})"),
            (Lines{"spec.hard[disk]: Invalid value: \"disk\": must be a standard resource type or fully qualified",
                   "spec.hard[disk]: Invalid value: \"disk\": must be a standard resource for quota"}));
  EXPECT_EQ(spec(R"({"hard":{"storage":"1"}})"), Lines{"spec.hard[storage]: Invalid value: \"storage\": must be a standard resource for quota"});
  EXPECT_EQ(spec(R"({"hard":{"a b":"1"}})").size(), 1u);
}

TEST(ResourceQuotas, AmountsAreNotNegativeAndCountsWhole) {
  EXPECT_EQ(spec(R"({"hard":{"cpu":"-1"}})"), Lines{"spec.hard[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"});
  EXPECT_EQ(spec(R"({"hard":{"pods":"1500m","count/pods":"500m","cpu":"1500m"}})"),
            (Lines{"spec.hard[count/pods]: Invalid value: \"500m\": must be an integer", "spec.hard[pods]: Invalid value: \"1500m\": must be an integer"}));
}

TEST(ResourceQuotas, ScopesSuitWhatTheyLimit) {
  for (const char* good : {R"({"scopes":["BestEffort"],"hard":{"pods":"1"}})", R"({"scopes":["Terminating","NotBestEffort"],"hard":{"pods":"1","limits.cpu":"1"}})",
                           R"({"scopes":["VolumeAttributesClass"],"hard":{"persistentvolumeclaims":"1","requests.storage":"1Gi"}})",
                           R"({"scopes":["CrossNamespacePodAffinity"],"hard":{"pods":"0"}})"})
    EXPECT_EQ(spec(good), Lines{}) << good;
  EXPECT_EQ(spec(R"({"scopes":["BestEffort"],"hard":{"cpu":"1"}})"), Lines{"spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource"});
  EXPECT_EQ(spec(R"({"scopes":["Terminating"],"hard":{"services":"1"}})"), Lines{"spec.scopes: Invalid value: [\"Terminating\"]: unsupported scope applied to resource"});
  EXPECT_EQ(spec(R"({"scopes":["VolumeAttributesClass"],"hard":{"pods":"1"}})"),
            Lines{"spec.scopes: Invalid value: [\"VolumeAttributesClass\"]: unsupported scope applied to resource"});
  EXPECT_EQ(spec(R"({"scopes":["Other"]})"), Lines{"spec.scopes: Invalid value: [\"Other\"]: unsupported scope"});
  EXPECT_EQ(spec(R"({"scopes":["BestEffort","NotBestEffort"]})"), Lines{"spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes"});
  EXPECT_EQ(spec(R"({"scopes":["Terminating","NotTerminating"]})"), Lines{"spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes"});
}

TEST(ResourceQuotas, ScopeSelectorsHaveOperatorsAndValuesThatFit) {
  const auto selector = [](std::string_view text) { return spec("{\"scopeSelector\":{\"matchExpressions\":[" + std::string(text) + "]}}"); };
  const std::string at = "spec.scopeSelector.matchExpressions";
  EXPECT_EQ(selector(R"({"scopeName":"PriorityClass","operator":"In","values":["high"]},{"scopeName":"BestEffort","operator":"Exists"})"), Lines{});
  EXPECT_EQ(selector(R"({"scopeName":"PriorityClass","operator":"In"})"),
            Lines{at + ".values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"});
  EXPECT_EQ(selector(R"({"scopeName":"PriorityClass","operator":"Exists","values":["a"]})"),
            Lines{at + ".values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"});
  EXPECT_EQ(selector(R"({"scopeName":"Terminating","operator":"DoesNotExist"})").size(), 1u);
  EXPECT_EQ(selector(R"({"scopeName":"Other","operator":"Like"})"),
            (Lines{at + ".scopeName: Invalid value: \"Other\": unsupported scope", at + ".operator: Invalid value: \"Like\": not a valid selector operator"}));
  EXPECT_EQ(selector(R"({"scopeName":"BestEffort","operator":"Exists"},{"scopeName":"NotBestEffort","operator":"Exists"})"),
            Lines{at + ": Invalid value: []: conflicting scopes"});
}

TEST(ResourceQuotas, ScopesStayAndStatusIsChecked) {
  EXPECT_EQ(update_causes(quotas, R"({"spec":{"scopes":["BestEffort"],"hard":{"pods":"1"}}})", R"({"spec":{"scopes":["NotBestEffort"],"hard":{"pods":"2"}}})"),
            Lines{"spec.scopes: Invalid value: [\"NotBestEffort\"]: field is immutable"});
  EXPECT_EQ(update_causes(quotas, R"({"spec":{"hard":{"pods":"1"}}})", R"({"spec":{"hard":{"pods":"2"}}})"), Lines{});
  EXPECT_EQ(status_causes(quotas, "{}", R"({"status":{"hard":{"disk":"1"},"used":{"pods":"-1"}}})").size(), 3u);
}

TEST(ResourceQuotas, ColumnsTellRequestsFromLimits) {
  const std::string json = R"({"metadata":{"name":"q","creationTimestamp":"2024-01-01T00:00:00Z"},
                              "status":{"hard":{"limits.cpu":"2","pods":"5","requests.cpu":"1"},"used":{"pods":"2","limits.cpu":"500m"}}})";
  EXPECT_EQ(cells(quotas, json, time("2024-01-01T00:00:09Z")), (Lines{"q", "pods: 2/5, requests.cpu: 0/1", "limits.cpu: 500m/2", "9s"}));
}

}  // namespace
}  // namespace plumb::resources::testing
