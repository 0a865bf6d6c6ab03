#include "reference/api/types/networkingv1.h"
#include "reference/resources/ingresses/ingress_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class IngressClasses final : public Typed<networkingv1::IngressClass> {
 public:
  IngressClasses() : Typed(Names{"ingressclasses", "ingressclass", {}, {}, false}) {}
  bool has_generation() const override { return true; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Controller", "Who serves ingresses of this class."), text_column("Parameters", "Where its parameters stand."), age_column()};
  }

 protected:
  void defaults(networkingv1::IngressClass& object) const override {
    if (auto& parameters = object.spec.parameters; parameters && !parameters->scope) parameters->scope = "Cluster";
  }
  void check(const networkingv1::IngressClass& object, FieldErrors& errors) const override { check_ingress_class(object, errors); }
  void check_update(const networkingv1::IngressClass& next, const networkingv1::IngressClass& previous, FieldErrors& errors) const override {
    check_immutable(next.spec.controller != previous.spec.controller, FieldPath("spec.controller"), quoted(next.spec.controller), errors);
  }
  std::vector<Cell> cells(const networkingv1::IngressClass& object, WallTime now) const override {
    std::string text = "<none>";
    if (const auto& parameters = object.spec.parameters) {
      text = parameters->kind.str();
      if (parameters->apiGroup) text += "." + parameters->apiGroup->str();
      text += "/" + parameters->name.str();
    }
    return {object.metadata.name, object.spec.controller, text, age(object, now)};
  }
};

const Registered<Resource> registered_ingressclasses{"ingressclasses.networking.k8s.io", [] { return std::make_unique<IngressClasses>(); }};

}  // namespace
}  // namespace plumb::resources
