// events.k8s.io/v1, stored as core/v1 events. What it calls otherwise: regarding is involvedObject, note is message, reportingController is
// reportingComponent; what only old clients write is deprecated here.
#include <algorithm>
#include <array>

#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/eventsv1.h"
#include "reference/resources/events/event_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/version.h"

namespace plumb::resources {
namespace {

struct FieldName {
  std::string_view here, stored;
};
constexpr std::array field_names{FieldName{"regarding.kind", "involvedObject.kind"},
                                 FieldName{"regarding.namespace", "involvedObject.namespace"},
                                 FieldName{"regarding.name", "involvedObject.name"},
                                 FieldName{"regarding.uid", "involvedObject.uid"},
                                 FieldName{"regarding.apiVersion", "involvedObject.apiVersion"},
                                 FieldName{"regarding.resourceVersion", "involvedObject.resourceVersion"},
                                 FieldName{"regarding.fieldPath", "involvedObject.fieldPath"},
                                 FieldName{"reason", "reason"},
                                 FieldName{"reportingController", "reportingComponent"},
                                 FieldName{"source", "source"},
                                 FieldName{"type", "type"}};

// Beyond what holds for every event: the fields of old clients stay unset, the new ones are filled in. Paths are those of the stored fields,
// as upstream has them.
void check_new(const eventsv1::Event& event, FieldErrors& errors) {
  const auto unset = [&](bool holds, std::string_view field) {
    if (!holds) errors.invalid(FieldPath(field), quoted(""), "needs to be unset");
  };
  if (!event.eventTime) errors.required(FieldPath("eventTime"));
  if (event.type != corev1::EventTypeNormal && event.type != corev1::EventTypeWarning)
    errors.invalid(FieldPath("type"), quoted(""), "has invalid value: " + event.type.str());
  unset(!event.deprecatedFirstTimestamp, "firstTimestamp");
  unset(!event.deprecatedLastTimestamp, "lastTimestamp");
  unset(event.deprecatedCount == 0, "count");
  unset(event.deprecatedSource.component.empty() && event.deprecatedSource.host.empty(), "source");
}

void check_series(const eventsv1::Event& event, FieldErrors& errors) {
  if (!event.series) return;
  if (event.series->count < 2) errors.invalid(FieldPath("series.count"), quoted(""), "should be at least 2");
  if (!event.series->lastObservedTime) errors.required(FieldPath("series.lastObservedTime"));
}

class EventsV1 final : public Version<eventsv1::Event, corev1::Event> {
 public:
  std::vector<std::string_view> selectable_field_names() const override {
    std::vector<std::string_view> names;
    for (const FieldName& each : field_names) names.push_back(each.here);
    return names;
  }
  std::string_view stored_field(std::string_view name) const override {
    const auto found = std::find_if(field_names.begin(), field_names.end(), [&](const FieldName& each) { return each.here == name; });
    return found == field_names.end() ? name : found->stored;
  }
  void validate(const api::Object& object, FieldErrors& errors) const override {
    check_event(static_cast<const corev1::Event&>(*to_stored(object)), "reportingController", errors);
  }
  void validate_create(const api::Object& object, FieldErrors& errors) const override {
    const auto& event = static_cast<const eventsv1::Event&>(object);
    check_series(event, errors);
    check_new(event, errors);
  }
  // Only the series of an event goes on.
  void validate_update(const api::Object& next, const api::Object& previous, FieldErrors& errors) const override {
    const auto &now = static_cast<const eventsv1::Event&>(next), &before = static_cast<const eventsv1::Event&>(previous);
    if (!(now.series == before.series)) check_series(now, errors);
    const auto keep = [&](bool same, std::string_view field, const std::string& shown) { check_immutable(!same, FieldPath(field), shown, errors); };
    keep(now.regarding == before.regarding, "involvedObject", api::to_json(now.regarding));
    keep(now.reason == before.reason, "reason", quoted(now.reason));
    keep(now.note == before.note, "message", quoted(now.note));
    keep(now.deprecatedSource == before.deprecatedSource, "source", api::to_json(now.deprecatedSource));
    keep(now.deprecatedFirstTimestamp == before.deprecatedFirstTimestamp, "firstTimestamp", shown(now.deprecatedFirstTimestamp));
    keep(now.deprecatedLastTimestamp == before.deprecatedLastTimestamp, "lastTimestamp", shown(now.deprecatedLastTimestamp));
    keep(now.deprecatedCount == before.deprecatedCount, "count", std::to_string(now.deprecatedCount));
    keep(now.type == before.type, "type", quoted(now.type));
    keep(now.eventTime == before.eventTime, "eventTime", shown(now.eventTime));
    keep(now.action == before.action, "action", quoted(now.action));
    keep(now.related == before.related, "related", now.related ? api::to_json(*now.related) : "null");
    keep(now.reportingController == before.reportingController, "reportingController", quoted(now.reportingController));
    keep(now.reportingInstance == before.reportingInstance, "reportingInstance", quoted(now.reportingInstance));
  }

 protected:
  void convert(const eventsv1::Event& from, corev1::Event& to) const override {
    to.eventTime = from.eventTime;
    if (from.series) {
      corev1::EventSeries& series = to.series.ensure();
      series.count = from.series->count;
      series.lastObservedTime = from.series->lastObservedTime;
    }
    to.reportingComponent = from.reportingController;
    to.reportingInstance = from.reportingInstance;
    to.action = from.action;
    to.reason = from.reason;
    to.involvedObject = from.regarding;
    to.related = from.related;
    to.message = from.note;
    to.type = from.type;
    to.source = from.deprecatedSource;
    to.firstTimestamp = from.deprecatedFirstTimestamp;
    to.lastTimestamp = from.deprecatedLastTimestamp;
    to.count = from.deprecatedCount;
  }
  void convert(const corev1::Event& from, eventsv1::Event& to) const override {
    to.eventTime = from.eventTime;
    if (from.series) {
      eventsv1::EventSeries& series = to.series.ensure();
      series.count = from.series->count;
      series.lastObservedTime = from.series->lastObservedTime;
    }
    to.reportingController = from.reportingComponent;
    to.reportingInstance = from.reportingInstance;
    to.action = from.action;
    to.reason = from.reason;
    to.regarding = from.involvedObject;
    to.related = from.related;
    to.note = from.message;
    to.type = from.type;
    to.deprecatedSource = from.source;
    to.deprecatedFirstTimestamp = from.firstTimestamp;
    to.deprecatedLastTimestamp = from.lastTimestamp;
    to.deprecatedCount = from.count;
  }

 private:
  template <class T>
  static std::string shown(const T& time) {
    return time ? resources::quoted(api::format_time(time.wall())) : "null";
  }
};

const Registered<Resource> registered_eventsv1{"events.events.k8s.io", [] { return std::make_unique<EventsV1>(); }};

}  // namespace
}  // namespace plumb::resources
