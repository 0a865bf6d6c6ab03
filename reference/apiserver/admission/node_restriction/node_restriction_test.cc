// What a kubelet may do and what not, as a table: a change on the cluster below, asked for by node n1.
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

constexpr char forbidden[] = "is forbidden: ";

class NodeRestriction : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    for (const char* name : {"default", "kube-node-lease", "kube-system"}) {
      auto made = std::make_shared<corev1::Namespace>();
      made->metadata.name = name;
      ASSERT_TRUE(create(made, "").ok());
    }
    auto account = std::make_shared<corev1::ServiceAccount>();
    account->metadata.name = "default";
    ASSERT_TRUE(create(account).ok());
    for (const char* name : {"n1", "n2"}) {
      auto node = std::make_shared<corev1::Node>();
      node->metadata.name = name;
      node->metadata.labels.set("node-restriction.kubernetes.io/kept", "a");
      auto& taint = node->spec.taints.emplace_back();
      taint.key = "k";
      taint.effect = "NoSchedule";
      ASSERT_TRUE(create(node, "").ok());
      for (const auto& [kind, subject] : {std::pair<const char*, const char*>{"pod", name}, {"twin", name}}) ASSERT_TRUE(create(pod(std::string(kind) + "-" + subject, subject)).ok());
    }
    become("system:node:n1");
  }
  void become(const std::string& name) {
    User user;
    user.name = name;
    user.groups = {"system:nodes"};
    context_.user = std::make_shared<const User>(std::move(user));
  }
  static std::shared_ptr<corev1::Pod> pod(const std::string& name, std::string_view node) {
    auto made = std::make_shared<corev1::Pod>();
    made->metadata.name = api::Str(name);
    made->spec.nodeName = node;
    corev1::Container& container = made->spec.containers.emplace_back();
    container.name = "c";
    container.image = "i";
    return made;
  }
  template <class T>
  std::shared_ptr<T> copy(std::string_view namespace_, std::string_view name) {
    return std::make_shared<T>(*registry_->get<T>(namespace_, name));
  }
  template <class T>
  std::string put(const std::shared_ptr<T>& object, std::string_view subresource = {}) {
    const ObjectName name{object->metadata.namespace_.str(), object->metadata.name.str()};
    return said(await<CachedPtr>([&](auto done) { registry_->update(context_, resource(T::info()), name, subresource, object, done); }));
  }
  template <class T>
  static std::string said(const ApiResult<T>& result) {
    if (result.ok()) return "allowed";
    const std::string text = result.status().message.str();
    const auto at = text.find(forbidden);
    return at == std::string::npos ? text : text.substr(at + sizeof forbidden - 1);
  }
  std::shared_ptr<corev1::Pod> mirror(const std::string& name) {
    auto made = pod(name, "n1");
    made->metadata.annotations.set("kubernetes.io/config.mirror", "x");
    auto& owner = made->metadata.ownerReferences.emplace_back();
    owner.apiVersion = "v1";
    owner.kind = "Node";
    owner.name = "n1";
    owner.uid = registry_->get<corev1::Node>({}, "n1")->metadata.uid;
    owner.controller = true;
    return made;
  }

 private:
  AdmissionChain chain_;
};

TEST_F(NodeRestriction, MirrorPodsOnly) {
  const std::vector<std::pair<std::string, std::function<void(corev1::Pod&)>>> table = {
      {"allowed", [](corev1::Pod&) {}},
      {"pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create mirror pods", [](corev1::Pod& p) { p.metadata.annotations.clear(); }},
      {"node \"n1\" can only create pods with spec.nodeName set to itself", [](corev1::Pod& p) { p.spec.nodeName = "n2"; }},
      {"node \"n1\" can only create pods with an owner reference set to itself", [](corev1::Pod& p) { p.metadata.ownerReferences.clear(); }},
      {"node \"n1\" can only create pods with an owner reference set to itself", [](corev1::Pod& p) { p.metadata.ownerReferences[0].name = "n2"; }},
      {"node \"n1\" can only create pods with a controller owner reference set to itself", [](corev1::Pod& p) { p.metadata.ownerReferences[0].controller = false; }},
      {"node \"n1\" must not set blockOwnerDeletion on an owner reference", [](corev1::Pod& p) { p.metadata.ownerReferences[0].blockOwnerDeletion = true; }},
      {"a mirror pod may not reference secrets", [](corev1::Pod& p) {
         auto& volume = p.spec.volumes.emplace_back();
         volume.name = "v";
         volume.volumeSource.secret.ensure().secretName = "s";
       }},
      {"node \"n1\" can not create pods that reference configmaps", [](corev1::Pod& p) { p.spec.containers[0].envFrom.emplace_back().configMapRef.ensure().localObjectReference.name = "c"; }},
      {"node \"n1\" can not create pods that reference persistentvolumeclaims", [](corev1::Pod& p) {
         auto& volume = p.spec.volumes.emplace_back();
         volume.name = "v";
         volume.volumeSource.persistentVolumeClaim.ensure().claimName = "c";
       }},
  };
  int number = 0;
  for (const auto& [expected, change] : table) {
    auto wanted = mirror("mirror-" + std::to_string(number++));
    change(*wanted);
    EXPECT_EQ(said(create(wanted)), expected);
  }
  auto wrong_uid = mirror("mirror-uid");
  wrong_uid->metadata.ownerReferences[0].uid = "other";
  EXPECT_NE(said(create(wrong_uid)).find("UID mismatch"), std::string::npos);
}

TEST_F(NodeRestriction, ItsOwnPods) {
  auto spec = copy<corev1::Pod>("default", "pod-n1");
  spec->metadata.annotations.set("a", "b");
  EXPECT_EQ(put(spec), "unexpected operation \"UPDATE\", node \"n1\" can only create and delete mirror pods");
  for (const auto& [name, expected] : {std::pair<const char*, const char*>{"pod-n1", "allowed"}, {"pod-n2", "node \"n1\" can only update pod status for pods with spec.nodeName set to itself"}}) {
    auto status = copy<corev1::Pod>("default", name);
    status->status.phase = "Running";
    EXPECT_EQ(put(status, "status"), expected);
  }
  EXPECT_EQ(said(remove(corev1::Pod::info(), "default", "pod-n1")), "allowed");
  EXPECT_EQ(said(remove(corev1::Pod::info(), "default", "pod-n2")), "node \"n1\" can only delete pods with spec.nodeName set to itself");
  for (const auto& [name, expected] : {std::pair<const char*, const char*>{"twin-n1", "allowed"}, {"twin-n2", "node \"n1\" can only evict pods with spec.nodeName set to itself"}}) {
    policyv1::Eviction eviction;
    eviction.metadata.name = name;
    eviction.metadata.namespace_ = "default";
    EXPECT_EQ(said(await<DeleteResult>([&, name = name](auto done) { registry_->evict(context_, {"default", name}, eviction, done); })), expected);
  }
}

TEST_F(NodeRestriction, ItsOwnNode) {
  const std::vector<std::pair<std::string, std::function<void(corev1::Node&)>>> table = {
      {"allowed", [](corev1::Node& n) { n.metadata.annotations.set("a", "b"); }},
      {"allowed", [](corev1::Node& n) { n.metadata.labels.set("example.org/mine", "b"); }},
      {"allowed", [](corev1::Node& n) { n.metadata.labels.set("kubernetes.io/hostname", "b"); }},
      {"allowed", [](corev1::Node& n) { n.metadata.labels.set("sub.node.kubernetes.io/mine", "b"); }},
      {"node \"n1\" is not allowed to modify taints", [](corev1::Node& n) { n.spec.taints.clear(); }},
      {"is not allowed to modify labels: node-restriction.kubernetes.io/kept", [](corev1::Node& n) { n.metadata.labels.set("node-restriction.kubernetes.io/kept", "b"); }},
      {"is not allowed to modify labels: node-restriction.kubernetes.io/kept", [](corev1::Node& n) { n.metadata.labels.clear(); }},
      {"is not allowed to modify labels: foo.k8s.io/a, node-role.kubernetes.io/b", [](corev1::Node& n) {
         n.metadata.labels.set("node-role.kubernetes.io/b", "");
         n.metadata.labels.set("foo.k8s.io/a", "");
       }},
  };
  for (const auto& [expected, change] : table) {
    auto wanted = copy<corev1::Node>("", "n1");
    change(*wanted);
    EXPECT_EQ(put(wanted), expected);
  }
  auto status = copy<corev1::Node>("", "n1");
  status->status.nodeInfo.kubeletVersion = "v1";
  EXPECT_EQ(put(status, "status"), "allowed");
  auto other = copy<corev1::Node>("", "n2");
  other->status.nodeInfo.kubeletVersion = "v1";
  EXPECT_EQ(put(other, "status"), "node \"n1\" is not allowed to modify node \"n2\"");
  EXPECT_EQ(said(remove(corev1::Node::info(), "", "n2")), "node \"n1\" is not allowed to modify node \"n2\"");

  become("system:node:n3");
  auto fresh = std::make_shared<corev1::Node>();
  fresh->metadata.name = "n3";
  fresh->metadata.labels.set("node-role.kubernetes.io/control-plane", "");
  EXPECT_EQ(said(create(fresh, "")), "node \"n3\" is not allowed to set the following labels: node-role.kubernetes.io/control-plane");
  fresh->metadata.labels = {{"kubernetes.io/os", "linux"}};
  fresh->spec.taints.emplace_back().key = "own";
  fresh->spec.taints[0].effect = "NoSchedule";
  EXPECT_EQ(said(create(fresh, "")), "allowed") << "a kubelet may register with taints";
}

TEST_F(NodeRestriction, LeasesOfItsName) {
  const auto lease = [](std::string_view namespace_, std::string_view name) {
    auto made = std::make_shared<coordinationv1::Lease>();
    made->metadata.namespace_ = namespace_;
    made->metadata.name = name;
    return made;
  };
  EXPECT_EQ(said(create(lease("kube-node-lease", "n1"), "kube-node-lease")), "allowed");
  EXPECT_EQ(said(create(lease("kube-node-lease", "n2"), "kube-node-lease")), "can only access node lease with the same name as the requesting node");
  EXPECT_EQ(said(create(lease("kube-system", "n1"), "kube-system")), "can only access leases in the \"kube-node-lease\" system namespace");
  EXPECT_EQ(said(remove(coordinationv1::Lease::info(), "kube-node-lease", "n1")), "allowed");
}

class NoTokens final : public TokenIssuer {
 public:
  ApiResult<std::shared_ptr<api::Object>> issue(const RequestContext&, const api::Object&, std::shared_ptr<api::Object> request) override { return request; }
};

TEST_F(NodeRestriction, TokensForItsPods) {
  NoTokens issuer;
  registry_->extend(&issuer, {});
  const auto ask = [&](const std::function<void(corev1::Pod const&, authenticationv1::BoundObjectReference&)>& change, std::string_view pod_name = "pod-n1") {
    const auto pod = registry_->get<corev1::Pod>("default", pod_name);
    auto request = std::make_shared<authenticationv1::TokenRequest>();
    auto& bound = request->spec.boundObjectRef.ensure();
    bound.apiVersion = "v1";
    bound.kind = "Pod";
    bound.name = pod->metadata.name;
    bound.uid = pod->metadata.uid;
    if (change) change(*pod, bound);
    return said(await<std::shared_ptr<api::Object>>([&](auto done) { registry_->issue_token(context_, {"default", "default"}, request, done); }));
  };
  EXPECT_EQ(ask({}), "allowed");
  EXPECT_EQ(ask({}, "pod-n2"), "node requested token bound to a pod scheduled on a different node");
  EXPECT_EQ(ask([](const auto&, auto& bound) { bound.uid = ""; }), "node requested token with a pod binding without a uid");
  EXPECT_EQ(ask([](const auto&, auto& bound) { bound.kind = "Secret"; }), "node requested token not bound to a pod");
  EXPECT_NE(ask([](const auto&, auto& bound) { bound.uid = "other"; }).find("does not match the UID in record"), std::string::npos);
}

TEST_F(NodeRestriction, OthersAreLeftAlone) {
  become("system:node:n1");
  User plain = *context_.user;
  plain.groups = {};  // a name alone makes no node
  context_.user = std::make_shared<const User>(plain);
  auto wanted = copy<corev1::Node>("", "n2");
  wanted->spec.taints.clear();
  EXPECT_EQ(put(wanted), "allowed");
}

}  // namespace
}  // namespace plumb::apiserver::test
