#include "reference/api/types/corev1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class PodTemplates final : public Typed<corev1::PodTemplate> {
 public:
  PodTemplates() : Typed(Names{"podtemplates", "podtemplate", {}, {}, true}) {}
  bool has_generation() const override { return true; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Containers", "The names of the template's containers."),
            text_column("Images", "The images of the template's containers."), text_column("Pod Labels", "The labels of the template.")};
  }

 protected:
  void check(const corev1::PodTemplate& object, FieldErrors& errors) const override {
    check_pod_template(object.template_, FieldPath("template"), errors);
  }
  std::vector<Cell> cells(const corev1::PodTemplate& object, WallTime) const override {
    const auto containers = container_cells(object.template_.spec.containers);
    return {object.metadata.name, containers.names, containers.images, format_labels(object.template_.metadata.labels)};
  }
};

const Registered<Resource> registered_podtemplates{"podtemplates", [] { return std::make_unique<PodTemplates>(); }};

}  // namespace
}  // namespace plumb::resources
