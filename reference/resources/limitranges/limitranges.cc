#include "reference/api/types/corev1.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class LimitRanges final : public Typed<corev1::LimitRange> {
 public:
  LimitRanges() : Typed(Names{"limitranges", "limitrange", {"limits"}, {}, true}) {}

 protected:
  // A container's default limit is its maximum, its default request that limit, else its minimum.
  void defaults(corev1::LimitRange& object) const override {
    for (auto& item : object.spec.limits) {
      if (item.type != "Container") continue;
      const auto fill = [](api::Map<api::QuantityText>& to, const api::Map<api::QuantityText>& from) {
        for (const auto& [name, amount] : from)
          if (!to.contains(name)) to.set(name, amount);
      };
      fill(item.default_, item.max);
      fill(item.defaultRequest, item.default_);
      fill(item.defaultRequest, item.min);
    }
  }
};

const Registered<Resource> registered{"limitranges", [] { return std::make_unique<LimitRanges>(); }};

}  // namespace
}  // namespace plumb::resources
