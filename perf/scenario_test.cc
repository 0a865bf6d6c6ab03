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
      {"for: 2s, arrivals", "for: phase, to: 3, arrivals", "test.yaml:20: a ramp needs a time"},
      {"text: \"n is ${n}\"", "text: \"${i%0}\"", "test.yaml:13: ${i%0}: after % stands a whole number"},
      {"timeout: 500ms", "timeout: 500ms, of: thong", "test.yaml:22: there is no object \"thong\""},
      {"{get: thing,", "{get: thing, subresource: status,", "test.yaml:20: only a patch takes a subresource"},
      {"{get: thing,", "{get: thing, propagation: Orphan,", "test.yaml:20: only a delete takes a propagation"},
      {"objects:", "measure: [{pods: thong}]\nobjects:", "test.yaml:8: there is no object \"thong\""},
      {"objects:", "variants: {}\nobjects:", "test.yaml:8: variants must be a map of at least one"},
      {"objects:", "variants: {a: {foo: 1}}\nobjects:", "test.yaml:8: \"foo\" is not known in variant a"},
      {"objects:", "variants: {a: {sizes: {smoke: {k: 1}}}}\nobjects:", "sets \"k\", which is no parameter"},
      {"count: \"${n}\", workers", "for: phase, workers", "phase \"fill\" would not end"},
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

const std::string with_variants = good + R"(variants:
  first: {}
  second:
    question: How slow?
    parameters: {n: 6, more: 1}
    objects: {thing: {spec: {text: ~, quoted: "13", added: {x: "${more}"}}}}
    phases:
      - {name: before, do: [{create: thing, count: 1, workers: 1}]}
      - {name: load, do: [{get: thing, rate: 1, for: phase}, {wait: things-done, of: thing, count: 1, timeout: 1s, lacking: things}]}
      - {name: after, do: [{delete: thing, count: 1, workers: 1, propagation: Orphan}]}
  third:
    phases: [{name: load, do: ~}]
)";

TEST(Scenario, AVariantIsLaidOverTheRest) {
  const auto named = [](const std::string& name) { return load_scenario(name, with_variants, "test.yaml", "smoke", {}); };
  EXPECT_EQ(named("test")->name, "test/first");
  EXPECT_EQ(named("test")->phases.size(), 2u);
  EXPECT_EQ(named("test/third")->phases.size(), 1u);
  EXPECT_NE(named("test/none").error().message.find("there is no variant \"none\"; there are first, second, third"), std::string::npos);
  EXPECT_NE(load_scenario("test/first", good, "test.yaml", "smoke", {}).error().message.find("this scenario has none"), std::string::npos);
  const auto second = named("test/second");
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->name, "test/second");
  EXPECT_EQ(second->question, "How slow?");
  EXPECT_EQ(second->parameters.at("n"), "2") << "the size still counts";
  const auto body = nlohmann::json::parse(second->objects.at("thing").body.with(3));
  EXPECT_EQ(body["spec"], nlohmann::json::parse(R"({"replicas":2,"quoted":"13","plain":12,"label":"x","added":{"x":1}})"));
  std::vector<std::string> phases;
  for (const auto& phase : second->phases) phases.push_back(phase.name);
  EXPECT_EQ(phases, (std::vector<std::string>{"fill", "before", "load", "after"})) << "what is new stands before what follows it";
  const auto& load = second->phases[2].actions;
  EXPECT_TRUE(load[0].until_phase_ends);
  EXPECT_EQ(load[1].object, "thing");
  EXPECT_EQ(load[1].lacking, "things");
  EXPECT_EQ(second->phases[3].actions[0].propagation, "Orphan");
}

TEST(Scenario, ALoadIsWhatAndWhenAndForHowLong) {
  const auto with = [](const std::string& action) { return load(replaced(good, "{get: thing, rate: 10, for: 2s, arrivals: poisson}", action)); };
  const auto scenario = with("{load: 250, after: 1s, over: 2s, for: 5s}");
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const Action& action = scenario->phases[1].actions[0];
  EXPECT_EQ(action.verb, Verb::load);
  EXPECT_DOUBLE_EQ(action.cores, 0.25);
  EXPECT_EQ(action.after, std::chrono::seconds(1));
  EXPECT_EQ(action.over, std::chrono::seconds(2));
  EXPECT_EQ(action.length, std::chrono::seconds(5));
  EXPECT_NE(with("{load: 250, over: 6s, for: 5s}").error().message.find("test.yaml:20: a load that lasts shorter"), std::string::npos);
  EXPECT_NE(with("{load: 250, rate: 5}").error().message.find("test.yaml:20: \"rate\" is not known in load"), std::string::npos);
}

TEST(RunText, MarksAreFilledIn) {
  const RunText text("${space}-${i}-${i%3} at ${now} ${other}");
  EXPECT_TRUE(text.numbered());
  EXPECT_EQ(text.in_space("s").with(7, WallTime(std::chrono::seconds(86'400))), "s-7-1 at 1970-01-02T00:00:00Z ${other}");
  EXPECT_FALSE(RunText("${now} ${space}").numbered());
  EXPECT_EQ(RunText("${i").with(1), "${i");
}

TEST(Scenario, TheBuiltInOnesAreValidInEverySize) {
  EXPECT_GT(built_in_names().size(), embedded_scenarios().size());
  for (const auto& name : built_in_names()) {
    for (const std::string size : {"smoke", "medium", "large"}) {
      const auto scenario = load_built_in(name, size, {});
      EXPECT_TRUE(scenario.ok()) << scenario.error().message;
    }
  }
  EXPECT_NE(load_built_in("no-such", "smoke", {}).error().message.find("there is no scenario \"no-such\""), std::string::npos);
}

}  // namespace
}  // namespace plumb::perf
