// The controller "serviceaccount-controller": every namespace has a service account named default.
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::serviceaccount {

namespace {

using NamespacePtr = std::shared_ptr<const corev1::Namespace>;
using AccountPtr = std::shared_ptr<const corev1::ServiceAccount>;

constexpr std::string_view account_name = "default";

Plan decide(const NamespacePtr& home, const AccountPtr& existing) {
  Plan plan;
  if (!home || home->status.phase == corev1::NamespaceTerminating || existing) return plan;
  auto account = std::make_shared<corev1::ServiceAccount>();
  account->metadata.name = account_name;
  account->metadata.namespace_ = home->metadata.name;
  // The namespace may be gone by now; then there is nothing to do.
  plan.act(informer::create_request(account)).accept = {"AlreadyExists", "NotFound"};
  return plan;
}

class DefaultAccounts final : public Controller {
 public:
  std::string component() const override { return "service-account-controller"; }
  std::string queue_name() const override { return "serviceaccount"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"create", "core", "serviceaccounts"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    namespaces_ = watches.watch_keys<corev1::Namespace>();
    accounts_ = watches.watch<corev1::ServiceAccount>([&watches](const AccountPtr& before, const AccountPtr& after) {
      if (!after && before->metadata.name == account_name) watches.queue.add(before->metadata.namespace_);
    });
  }

  Plan reconcile(const std::string& key, const Now&) override { return decide(namespaces_.get(key), accounts_.get(key, account_name)); }

 private:
  informer::Lister<corev1::Namespace> namespaces_;
  informer::Lister<corev1::ServiceAccount> accounts_;
};

const Registered<Controller> registered{"serviceaccount-controller", [] { return std::make_unique<DefaultAccounts>(); }};

}  // namespace

}  // namespace plumb::controllers::serviceaccount
