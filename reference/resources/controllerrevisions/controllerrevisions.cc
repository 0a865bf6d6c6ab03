#include "reference/api/doc/document.h"
#include "reference/api/types/appsv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const FieldPath data_path("data");

// "daemonset.apps/agent"; "<none>" where nobody controls it.
std::string controller_of(const api::Object& object) {
  for (const metav1::OwnerReference& owner : object.metadata.ownerReferences) {
    if (!owner.controller.value_or(false)) continue;
    std::string kind = owner.kind.str();
    for (char& letter : kind)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    const std::string_view version = owner.apiVersion.view();
    const auto slash = version.find('/');
    const std::string group = slash == std::string_view::npos ? "" : "." + std::string(version.substr(0, slash));
    return kind + group + "/" + owner.name.str();
  }
  return "<none>";
}

class ControllerRevisions final : public Typed<appsv1::ControllerRevision> {
 public:
  ControllerRevisions() : Typed(Names{"controllerrevisions", "controllerrevision", {}, {}, true}) {}
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Controller", "The owner whose template it keeps."), number_column("Revision", "Its number; the highest is the latest."),
            age_column()};
  }

 protected:
  void check(const appsv1::ControllerRevision& object, FieldErrors& errors) const override {
    const auto data = object.data ? api::parse_json(object.data.json) : Result<api::Doc>(api::Doc());
    if (!data.ok() || data->is_null()) errors.required(data_path, "data is mandatory");
    else if (!data->is_object()) errors.required(data_path, "data must be a valid JSON object");
    check_nonnegative(object.revision, FieldPath("revision"), errors);
  }
  // Its number and its metadata may change; what it keeps may not.
  void check_update(const appsv1::ControllerRevision& next, const appsv1::ControllerRevision& previous, FieldErrors& errors) const override {
    check_immutable(!(next.data == previous.data), data_path, next.data ? next.data.json.view() : "null", errors);
  }
  std::vector<Cell> cells(const appsv1::ControllerRevision& object, WallTime now) const override {
    return {object.metadata.name, controller_of(object), object.revision, age(object, now)};
  }
};

const Registered<Resource> registered_controllerrevisions{"controllerrevisions.apps", [] { return std::make_unique<ControllerRevisions>(); }};

}  // namespace
}  // namespace plumb::resources
