#include "reference/api/types/corev1.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ServiceAccounts final : public Typed<corev1::ServiceAccount> {
 public:
  ServiceAccounts() : Typed(Names{"serviceaccounts", "serviceaccount", {"sa"}, {}, true}) {}
  std::vector<std::string_view> subresources() const override { return {"token"}; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Secrets", "How many secrets it may use by name."), age_column()};
  }

 protected:
  std::vector<Cell> cells(const corev1::ServiceAccount& object, WallTime now) const override {
    return {object.metadata.name, static_cast<std::int64_t>(object.secrets.size()), age(object, now)};
  }
};

const Registered<Resource> registered_serviceaccounts{"serviceaccounts", [] { return std::make_unique<ServiceAccounts>(); }};

}  // namespace
}  // namespace plumb::resources
