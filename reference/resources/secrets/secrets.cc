#include "reference/api/types/corev1.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class Secrets final : public Typed<corev1::Secret> {
 public:
  Secrets() : Typed(Names{"secrets", "secret", {}, {}, true}) {}
  std::vector<std::string_view> selectable_field_names() const override { return {"type"}; }

 protected:
  void defaults(corev1::Secret& secret) const override {
    if (secret.type.empty()) secret.type = "Opaque";
    // What is given as text is kept as bytes; the text itself is never stored.
    for (const auto& [key, text] : secret.stringData) secret.data[key] = api::Bytes(text);
    secret.stringData.clear();
  }
  std::vector<SelectableField> fields_of(const corev1::Secret& secret) const override { return {{"type", secret.type.str()}}; }
};

const Registered<Resource> registered{"secrets", [] { return std::make_unique<Secrets>(); }};

}  // namespace
}  // namespace plumb::resources
