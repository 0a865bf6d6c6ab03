#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/resources/events/event_rules.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

std::string trimmed(std::string_view text) {
  const std::string_view space = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(space);
  return first == std::string_view::npos ? "" : std::string(text.substr(first, text.find_last_not_of(space) - first + 1));
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return out;
}

std::string target(const corev1::ObjectReference& reference) {
  const std::string kind = lowered(reference.kind);
  return reference.name.empty() ? kind : kind + "/" + reference.name.str();
}

std::string source(const corev1::Event& event) {
  const std::string component = or_else(event.source.component, event.reportingComponent);
  const std::string instance = or_else(event.source.host, event.reportingInstance);
  return instance.empty() ? component : component + ", " + instance;
}

class Events final : public Typed<corev1::Event> {
 public:
  Events() : Typed(Names{"events", "event", {"ev"}, {}, true}) {}
  bool has_generation() const override { return false; }
  std::vector<std::string_view> selectable_field_names() const override {
    return {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"};
  }
  std::vector<Column> columns() const override {
    return {text_column("Last Seen", "Since it was last observed."),
            text_column("Type", "Normal or Warning."),
            text_column("Reason", "The reason, in a word."),
            text_column("Object", "What it is about."),
            text_column("Subobject", "The part of the object.", 1),
            text_column("Source", "Who reported it.", 1),
            text_column("Message", "What happened."),
            text_column("First Seen", "Since it was first observed.", 1),
            text_column("Count", "How often it was observed.", 1),
            {"Name", "string", "name", "Unique within the namespace.", 1}};
  }

 protected:
  void check(const corev1::Event& event, FieldErrors& errors) const override {
    check_event(event, "reportingComponent", errors);
  }
  std::vector<SelectableField> fields_of(const corev1::Event& event) const override {
    const auto& about = event.involvedObject;
    return {{"involvedObject.kind", about.kind.str()},
            {"involvedObject.namespace", about.namespace_.str()},
            {"involvedObject.name", about.name.str()},
            {"involvedObject.uid", about.uid.str()},
            {"involvedObject.apiVersion", about.apiVersion.str()},
            {"involvedObject.resourceVersion", about.resourceVersion.str()},
            {"involvedObject.fieldPath", about.fieldPath.str()},
            {"reason", event.reason.str()},
            {"reportingComponent", event.reportingComponent.str()},
            {"source", or_else(event.source.component, event.reportingComponent)},
            {"type", event.type.str()}};
  }
  std::vector<Cell> cells(const corev1::Event& event, WallTime now) const override {
    const std::string first = event.firstTimestamp ? time_since(event.firstTimestamp, now) : time_since(event.eventTime, now);
    std::string last = event.lastTimestamp ? time_since(event.lastTimestamp, now) : first;
    std::int64_t count = std::max(event.count, 1);
    if (event.series) {
      last = time_since(event.series->lastObservedTime, now);
      count = event.series->count + 1;  // the event before the series is not counted in it
    }
    return {last,  event.type, event.reason, target(event.involvedObject), event.involvedObject.fieldPath, source(event), trimmed(event.message),
            first, count,      event.metadata.name};
  }
};

const Registered<Resource> registered_events{"events", [] { return std::make_unique<Events>(); }};

}  // namespace
}  // namespace plumb::resources
