#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class Namespaces final : public Typed<corev1::Namespace> {
 public:
  Namespaces() : Typed(Names{"namespaces", "namespace", {"ns"}, {}, false}) {}
  NameRule name_rule() const override { return NameRule::dns_label; }
  std::vector<std::string_view> subresources() const override { return {"finalize"}; }
  std::vector<std::string_view> verbs() const override { return {"create", "delete", "get", "list", "patch", "update", "watch"}; }
  bool has_generation() const override { return false; }
  std::vector<std::string_view> selectable_field_names() const override { return {"status.phase"}; }
  std::vector<Column> columns() const override { return {name_column(), text_column("Status", "Active or Terminating."), age_column()}; }

 protected:
  void defaults(corev1::Namespace& object) const override {
    if (!object.metadata.name.empty()) object.metadata.labels["kubernetes.io/metadata.name"] = object.metadata.name;
    if (object.status.phase.empty()) object.status.phase = "Active";
  }
  void on_create(corev1::Namespace& object) const override {
    object.status.phase = "Active";
    auto& finalizers = object.spec.finalizers;
    if (std::find(finalizers.begin(), finalizers.end(), std::string_view("kubernetes")) == finalizers.end()) finalizers.push_back("kubernetes");
  }
  // The finalizers of the spec change only through the finalize subresource.
  void on_update(corev1::Namespace& next, const corev1::Namespace& previous) const override { next.spec.finalizers = previous.spec.finalizers; }
  void on_subresource_update(std::string_view, corev1::Namespace& next, const corev1::Namespace& previous) const override { next.status = previous.status; }
  std::vector<Cell> cells(const corev1::Namespace& object, WallTime now) const override {
    return {object.metadata.name, object.status.phase, age(object, now)};
  }
  std::vector<SelectableField> fields_of(const corev1::Namespace& object) const override { return {{"status.phase", object.status.phase.str()}}; }
};

const Registered<Resource> registered_namespaces{"namespaces", [] { return std::make_unique<Namespaces>(); }};

}  // namespace
}  // namespace plumb::resources
