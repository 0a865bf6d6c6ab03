#include "reference/api/types/apiregistrationv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/conditions.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/type_defaults.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using apiregistrationv1::APIService;
using apiregistrationv1::APIServiceSpec;

const TypeDefault<apiregistrationv1::ServiceReference> service_reference{[](apiregistrationv1::ServiceReference& reference) {
  if (!reference.port) reference.port = 443;
}};

void check_priority(std::int32_t value, std::int32_t highest, std::string_view field, FieldErrors& errors) {
  if (value > 0 && value <= highest) return;
  errors.invalid(spec_path.child(field), std::to_string(value), "must be positive and less than " + std::to_string(highest));
}

void check_local(const APIServiceSpec& spec, FieldErrors& errors) {
  if (!spec.caBundle.data.empty())
    errors.invalid(spec_path.child("caBundle"), quoted(std::to_string(spec.caBundle.data.size()) + " bytes"), "local APIServices may not have a caBundle");
  if (spec.insecureSkipTLSVerify) errors.invalid(spec_path.child("insecureSkipTLSVerify"), "true", "local APIServices may not have insecureSkipTLSVerify");
}

void check_remote(const APIServiceSpec& spec, FieldErrors& errors) {
  const FieldPath service = spec_path.child("service");
  check_required(spec.service->namespace_, service.child("namespace"), errors);
  check_required(spec.service->name, service.child("name"), errors);
  if (spec.service->port && (*spec.service->port < 1 || *spec.service->port > 65535))
    errors.invalid(service.child("port"), std::to_string(*spec.service->port), "port is not valid: must be between 1 and 65535, inclusive");
  if (spec.insecureSkipTLSVerify && !spec.caBundle.data.empty())
    errors.invalid(spec_path.child("insecureSkipTLSVerify"), "true", "may not be true if caBundle is present");
}

class Apiservices final : public Typed<APIService> {
 public:
  Apiservices() : Typed(Names{"apiservices", "apiservice", {}, {"api-extensions"}, false}, NameRule::path_segment) {}
  std::string storage_prefix() const override { return "apiregistration.k8s.io/apiservices"; }
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Service", "The reference to the service that hosts this API endpoint."),
            text_column("Available", "Whether this service is available."), age_column()};
  }

 protected:
  // A local one is available from the start, and its creator says so; of the others only the server knows.
  bool keeps_status_at_create() const override { return true; }
  void on_create(APIService& object) const override {
    if (object.spec.service) object.status = {};
  }
  void check(const APIService& object, FieldErrors& errors) const override {
    const APIServiceSpec& spec = object.spec;
    const std::string name = spec.version.str() + "." + spec.group.str();
    if (object.metadata.name != name)
      errors.invalid(FieldPath("metadata").child("name"), quoted(object.metadata.name), "must be `spec.version+\".\"+spec.group`: " + quoted(name));
    if (spec.group.empty() && spec.version != "v1")
      errors.required(spec_path.child("group"), "only v1 may have an empty group and it better be legacy kube");
    if (!spec.group.empty()) check_text(api::check_dns1123_subdomain(spec.group), spec_path.child("group"), spec.group, errors);
    check_text(api::check_dns1035_label(spec.version), spec_path.child("version"), spec.version, errors);
    check_priority(spec.groupPriorityMinimum, 20000, "groupPriorityMinimum", errors);
    check_priority(spec.versionPriority, 1000, "versionPriority", errors);
    spec.service ? check_remote(spec, errors) : check_local(spec, errors);
  }
  std::vector<Cell> cells(const APIService& object, WallTime now) const override {
    const auto& service = object.spec.service;
    std::string where = "Local", available = "Unknown";
    if (service) where = service->namespace_.str() + "/" + service->name.str();
    if (const auto* condition = find_condition(object.status.conditions, "Available")) {
      available = condition->status.str();
      if (available != "True" && !condition->reason.empty()) available += " (" + condition->reason.str() + ")";
    }
    return {object.metadata.name, where, available, age(object, now)};
  }
};

const Registered<Resource> registered_apiservices{"apiservices.apiregistration.k8s.io", [] { return std::make_unique<Apiservices>(); }};

}  // namespace
}  // namespace plumb::resources
