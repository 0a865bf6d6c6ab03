#include "reference/resources/events/event_rules.h"

#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

constexpr std::size_t text_limit = 128;
constexpr std::size_t message_limit = 1024;

void check_length(std::string_view text, std::size_t limit, std::string_view field, FieldErrors& errors) {
  if (text.size() > limit) errors.invalid(FieldPath(field), quoted(""), "can have at most " + std::to_string(limit) + " characters");
}

void check_needed(std::string_view text, std::string_view field, FieldErrors& errors) {
  check_required(text, FieldPath(field), errors);
  check_length(text, text_limit, field, errors);
}

}  // namespace

void check_event(const corev1::Event& event, std::string_view controller_field, FieldErrors& errors) {
  const auto &about = event.involvedObject.namespace_, &home = event.metadata.namespace_;
  // Events about objects without a namespace live in the default one; those of the newer kind, which have a time, also in kube-system.
  const bool fits = about.empty() ? home.empty() || home == "default" || (event.eventTime && home == "kube-system") : event.eventTime || about == home;
  if (!fits) errors.invalid(FieldPath("involvedObject").child("namespace"), quoted(about), "does not match event.namespace");
  if (event.eventTime) {
    check_required(event.reportingComponent, FieldPath(controller_field), errors);
    check_text(api::check_qualified_name(event.reportingComponent), FieldPath(controller_field), event.reportingComponent, errors);
    check_needed(event.reportingInstance, "reportingInstance", errors);
    check_needed(event.action, "action", errors);
    check_needed(event.reason, "reason", errors);
    check_length(event.message, message_limit, "message", errors);
  }
  check_text(api::check_dns1123_subdomain(home), FieldPath("namespace"), home, errors);
}

}  // namespace plumb::resources
