#include "reference/api/types/nodev1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class RuntimeClasses final : public Typed<nodev1::RuntimeClass> {
 public:
  RuntimeClasses() : Typed(Names{"runtimeclasses", "runtimeclass", {}, {}, false}) {}
  std::vector<Column> columns() const override { return {name_column(), text_column("Handler", "What the container runtime calls it."), age_column()}; }

 protected:
  void check(const nodev1::RuntimeClass& object, FieldErrors& errors) const override {
    check_text(api::check_dns1123_label(object.handler), FieldPath("handler"), object.handler, errors);
  }
  void check_update(const nodev1::RuntimeClass& next, const nodev1::RuntimeClass& previous, FieldErrors& errors) const override {
    check_immutable(next.handler != previous.handler, FieldPath("handler"), quoted(next.handler), errors);
  }
  std::vector<Cell> cells(const nodev1::RuntimeClass& object, WallTime now) const override { return {object.metadata.name, object.handler, age(object, now)}; }
};

const Registered<Resource> registered{"runtimeclasses.node.k8s.io", [] { return std::make_unique<RuntimeClasses>(); }};

}  // namespace
}  // namespace plumb::resources
