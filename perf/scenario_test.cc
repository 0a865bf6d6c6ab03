#include "perf/scenario.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace plumb::perf {
namespace {

const std::string good = R"(question: How fast?
parameters:
  n: 5
  label: x
sizes:
  smoke: {n: 2}
  large: {n: 500}
objects:
  thing:
    apiVersion: apps/v1
    kind: NetworkPolicy
    metadata: {name: "thing-${i}"}
    spec: {replicas: "${n}", text: "n is ${n}", quoted: "12", plain: 12, label: "${label}"}
phases:
  - name: fill
    do:
      - {create: thing, count: "${n}", workers: 3}
  - name: load
    do:
      - {get: thing, rate: 10, for: 2s, arrivals: poisson}
      - {patch: thing, rate: 4, count: 8, with: {spec: {touched: "${i}"}}}
      - {wait: things-done, count: 2, timeout: 500ms}
thresholds:
  - {metric: load/get/p99, below: 1}
  - {metric: load/get/rate, above: 9.5}
)";

Result<Scenario> load(const std::string& text, const std::string& size = "smoke", const std::map<std::string, std::string>& settings = {}) {
  return load_scenario("test", text, "test.yaml", size, settings);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(Scenario, ReadsWhatItSays) {
  const auto scenario = load(good);
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  EXPECT_EQ(scenario->sizes, (std::vector<std::string>{"smoke", "large"}));
  const auto& thing = scenario->objects.at("thing");
  EXPECT_EQ(thing.resource, "networkpolicies");
  EXPECT_EQ(thing.object_name.with(7), "thing-7");
  const auto body = nlohmann::json::parse(thing.body.with(3));
  EXPECT_EQ(body, nlohmann::json::parse(R"({"apiVersion":"apps/v1","kind":"NetworkPolicy","metadata":{"name":"thing-3"},
      "spec":{"replicas":2,"text":"n is 2","quoted":"12","plain":12,"label":"x"}})"));
  ASSERT_EQ(scenario->phases.size(), 2u);
  const auto& create = std::get<harness::ClosedLoop>(scenario->phases[0].actions[0].loop);
  EXPECT_EQ(create.operations, 2u);
  EXPECT_EQ(create.workers, 3u);
  const auto& get = std::get<harness::OpenLoop>(scenario->phases[1].actions[0].loop);
  EXPECT_EQ(get.arrivals.kind, harness::Arrivals::Kind::poisson);
  const auto& patch = scenario->phases[1].actions[1];
  EXPECT_EQ(std::get<harness::OpenLoop>(patch.loop).arrivals.length, std::chrono::seconds(2));
  EXPECT_EQ(patch.patch.with(9), R"({"spec":{"touched":"9"}})");
  EXPECT_EQ(scenario->phases[1].actions[2].timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(scenario->thresholds[1].better, harness::Better::higher);
}

TEST(Scenario, SizesAndSettingsChangeParameters) {
  EXPECT_EQ(load(good, "large")->parameters.at("n"), "500");
  EXPECT_EQ(load(good, "large", {{"n", "7"}})->parameters.at("n"), "7");
}

TEST(Scenario, EveryMistakeIsNamedWithItsLine) {
  const struct {
    std::string what, with, error;
  } mistakes[] = {
      {"question: How fast?\n", "", "test.yaml:1: a scenario needs a question"},
      {"question: How fast?", "question: How fast?\nfoo: 1", "test.yaml:2: \"foo\" is not known in a scenario"},
      {"smoke: {n: 2}", "smoke: {m: 2}", "test.yaml:6: size smoke sets \"m\", which is no parameter"},
      {"smoke: {n: 2}", "tiny: {n: 2}", "sizes must be a map that has at least smoke"},
      {"thing-${i}", "thing", "test.yaml:12: metadata.name of object \"thing\" must contain ${i}"},
      {"n is ${n}", "n is ${k}", "test.yaml:13: ${k} is no parameter"},
      {"n is ${n}", "n is ${n", "test.yaml:13: \"${\" without \"}\""},
      {"{create: thing", "{make: thing", "test.yaml:17: an action needs one of create"},
      {"{create: thing", "{create: thong", "test.yaml:17: there is no object \"thong\""},
      {"count: \"${n}\"", "count: many", "test.yaml:17: count must be a whole number"},
      {"rate: 10, for: 2s", "rate: 10, for: 2 weeks", "test.yaml:20: for must be a time such as"},
      {"rate: 10, for: 2s", "rate: -1, for: 2s", "test.yaml:20: rate must be a number"},
      {"rate: 10, for: 2s", "rate: 10", "test.yaml:20: a rate needs either a time (for) or a count"},
      {", with: {spec: {touched: \"${i}\"}}", "", "test.yaml:21: a patch, and nothing else, needs its body"},
      {", timeout: 500ms", "", "test.yaml:22: wait needs a count and a timeout"},
      {"below: 1", "below: 1, above: 0", "test.yaml:24: a threshold needs a metric and either below or above"},
      {"  - name: load", "  - name: fill", "test.yaml:18: there are two phases \"fill\""},
      {"do:\n", "do: [\n", "test.yaml:"},
  };
  for (const auto& mistake : mistakes) {
    const auto scenario = load(replaced(good, mistake.what, mistake.with));
    ASSERT_FALSE(scenario.ok()) << mistake.with;
    EXPECT_NE(scenario.error().message.find(mistake.error), std::string::npos) << scenario.error().message << "\ninstead of\n" << mistake.error;
  }
  EXPECT_NE(load(good, "huge").error().message.find("there is no size \"huge\"; there are smoke, large"), std::string::npos);
  EXPECT_NE(load(good, "smoke", {{"z", "1"}}).error().message.find("\"z\" is no parameter of this scenario; there are label, n"), std::string::npos);
  EXPECT_FALSE(load("").ok());
  EXPECT_FALSE(load("[1, 2]").ok());
}

TEST(Scenario, TheBuiltInOnesAreValidInEverySize) {
  EXPECT_FALSE(embedded_scenarios().empty());
  for (const auto& [name, text] : embedded_scenarios()) {
    for (const std::string size : {"smoke", "medium", "large"}) {
      const auto scenario = load_scenario(name, text, name, size, {});
      EXPECT_TRUE(scenario.ok()) << scenario.error().message;
    }
  }
}

}  // namespace
}  // namespace plumb::perf
