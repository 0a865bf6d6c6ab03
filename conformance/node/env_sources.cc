#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, env_sources,
                  {.requirement = "Keys of ConfigMaps and Secrets MUST become a container's environment, one by one or as a whole under a prefix, "
                                  "a later source winning, and a container whose required source is missing MUST NOT start until it exists.",
                   .covers = {"ConfigMap, from environment field", "ConfigMap, from environment variables",
                              "Secrets, pod environment field"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_end("reader");
  const std::string text = "\n" + c.logs("reader");
  const auto has = [&](const std::string& line) { return text.find("\n" + line + "\n") != std::string::npos; };
  for (const char* line : {"FROM_MAP=map-one", "FROM_SECRET=secret-one", "MAP_one=map-one", "MAP_two=map-two", "SECRET_one=secret-one", "one=secret-one", "two=own"}) {
    EXPECT_TRUE(has(line)) << line << " in" << text;
  }
  EXPECT_EQ(text.find("\nABSENT="), std::string::npos) << "optional and missing";

  const auto reason = [](const Json* pod) { return pod == nullptr ? std::string() : text_at(container_status(*pod, "main"), "/state/waiting/reason"); };
  c.await(c.pods(), "waiting", "the container to wait for its configuration", [&](const Json* pod) { return reason(pod) == "CreateContainerConfigError"; }, timeouts::pod_runs);
  c.must(c.client().create(c.in("v1", "configmaps"), {{"metadata", {{"name", c.unique("late")}}}, {"data", {{"value", "arrived"}}}}));
  c.await_end("waiting");
  EXPECT_EQ(c.logs("waiting"), "arrived\n");
}
