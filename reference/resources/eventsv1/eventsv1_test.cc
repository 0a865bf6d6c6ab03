// events.k8s.io/v1 and core/v1 events as forms of one object.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reference/api/codec/json.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/eventsv1.h"
#include "reference/api/walk.h"
#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* events = "events.events.k8s.io";

Lines lines(const FieldErrors& errors) {
  Lines out;
  for (const FieldError& error : errors.list()) out.push_back(error.field + ": " + error.message);
  return out;
}

const std::string complete = R"({"metadata":{"name":"a","namespace":"default"},"eventTime":"2024-01-01T00:00:00.000000Z","reportingController":"c.example/x",
    "reportingInstance":"i","action":"Acting","reason":"Because","note":"text","type":"Normal","regarding":{"kind":"Pod","namespace":"default","name":"p"}})";
std::string with(const std::string& more) { return complete.substr(0, complete.size() - 1) + "," + more + "}"; }

Lines created(const std::string& json) {
  FieldErrors errors;
  const auto made = object(events, json);
  resource(events).validate(*made, errors);
  resource(events).validate_create(*made, errors);
  return lines(errors);
}

TEST(EventsV1, FieldsHaveTheirCounterparts) {
  const auto made = object(events, with(R"("series":{"count":3,"lastObservedTime":"2024-01-01T00:00:01.000000Z"},"related":{"name":"r"},
      "deprecatedSource":{"component":"kubelet","host":"h"},"deprecatedCount":4,"deprecatedFirstTimestamp":"2024-01-01T00:00:02Z","deprecatedLastTimestamp":"2024-01-01T00:00:03Z")"));
  const auto stored = resource(events).to_stored(*made);
  ASSERT_EQ(&stored->type(), &corev1::Event::info());
  for (const auto& [path, value] : std::vector<std::pair<const char*, const char*>>{{"/involvedObject/name", R"("p")"},
                                                                                       {"/message", R"("text")"},
                                                                                       {"/reportingComponent", R"("c.example/x")"},
                                                                                       {"/reportingInstance", R"("i")"},
                                                                                       {"/action", R"("Acting")"},
                                                                                       {"/series/count", "3"},
                                                                                       {"/related/name", R"("r")"},
                                                                                       {"/source/component", R"("kubelet")"},
                                                                                       {"/count", "4"},
                                                                                       {"/firstTimestamp", R"("2024-01-01T00:00:02Z")"},
                                                                                       {"/lastTimestamp", R"("2024-01-01T00:00:03Z")"},
                                                                                       {"/eventTime", R"("2024-01-01T00:00:00.000000Z")"}})
    EXPECT_EQ(at(*stored, path), value) << path;
  EXPECT_TRUE(api::semantically_equal(*resource(events).from_stored(*stored), *made));
}

TEST(EventsV1, NothingIsLostOnTheWayThereAndBack) {
  for (const char* file : {"fixtures/golden/events.k8s.io.v1.Event.json", "fixtures/golden/core.v1.Event.json"}) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    const bool core = std::string_view(file).find("core") != std::string_view::npos;
    const Resource& version = resource(events);
    const auto golden = api::decode_json(core ? corev1::Event::info() : eventsv1::Event::info(), text.str()).value();
    const auto back = core ? version.to_stored(*version.from_stored(*golden)) : version.from_stored(*version.to_stored(*golden));
    EXPECT_TRUE(api::semantically_equal(*golden, *back)) << file;
  }
}

TEST(EventsV1, NewEventsAreComplete) {
  EXPECT_EQ(created(complete), Lines());
  EXPECT_EQ(created(R"({"metadata":{"name":"a","namespace":"default"}})"), (Lines{"eventTime: Required value", R"(type: Invalid value: "": has invalid value: )"}));
  EXPECT_EQ(created(with(R"("deprecatedCount":1,"deprecatedSource":{"host":"h"},"series":{"count":1})")),
            (Lines{R"(series.count: Invalid value: "": should be at least 2)", "series.lastObservedTime: Required value", R"(count: Invalid value: "": needs to be unset)",
                   R"(source: Invalid value: "": needs to be unset)"}));
  const std::string bare = R"({"metadata":{"name":"a","namespace":"default"},"eventTime":"2024-01-01T00:00:00.000000Z","type":"Warning"})";
  const Lines missing = created(bare);
  EXPECT_NE(std::find(missing.begin(), missing.end(), "reportingController: Required value"), missing.end());
  EXPECT_NE(std::find(missing.begin(), missing.end(), "action: Required value"), missing.end());
}

TEST(EventsV1, OnlyTheSeriesGoesOn) {
  EXPECT_EQ(update_causes(events, complete, with(R"("series":{"count":2,"lastObservedTime":"2024-01-01T00:00:01.000000Z"})")), Lines());
  std::string changed = complete;
  changed.replace(changed.find("text"), 4, "more");
  EXPECT_EQ(update_causes(events, complete, changed), (Lines{R"(message: Invalid value: "more": field is immutable)"}));
}

TEST(Events, RulesOfTheOldKind) {
  EXPECT_EQ(causes("events", R"({"metadata":{"name":"a","namespace":"default"},"involvedObject":{"namespace":"other"}})"),
            (Lines{R"(involvedObject.namespace: Invalid value: "other": does not match event.namespace)"}));
  EXPECT_EQ(causes("events", R"({"metadata":{"name":"a","namespace":"default"},"involvedObject":{}})"), Lines());
  EXPECT_EQ(causes("events", R"({"metadata":{"name":"a","namespace":"default"},"eventTime":"2024-01-01T00:00:00.000000Z","reportingComponent":"!","reportingInstance":")" +
                                 std::string(129, 'i') + R"(","action":"a","reason":"r"})"),
            (Lines{"reportingComponent: Invalid value: \"!\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
                   "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
                   R"(reportingInstance: Invalid value: "": can have at most 128 characters)"}));
}

TEST(EventsV1, SelectorsNameItsOwnFields) {
  EXPECT_EQ(resource(events).stored_field("regarding.name"), "involvedObject.name");
  EXPECT_EQ(resource(events).stored_field("reportingController"), "reportingComponent");
  EXPECT_EQ(resource(events).stored_field("metadata.name"), "metadata.name");
}

}  // namespace
}  // namespace plumb::resources::testing
