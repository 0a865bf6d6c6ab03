// Who is let in, and what they may do: tokens, RBAC over the bootstrap policy, nodes, reviews.
#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/rbacv1.h"
#include "reference/apiserver/authentication/service_accounts.h"
#include "reference/apiserver/authentication/static_tokens.h"
#include "reference/apiserver/authorization/node.h"
#include "reference/apiserver/authorization/rbac.h"
#include "reference/apiserver/authorization/reviews.h"
#include "reference/apiserver/bootstrap.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver {
namespace {

using namespace std::chrono_literals;

TEST(StaticTokens, ReadsUpstreamsFormat) {
  const auto tokens = StaticTokens::parse("# people\nsecret,anna,1,\"dev,ops\"\nother,bert,2\n").value();
  Credentials credentials;
  credentials.bearer_token = "secret";
  const UserPtr anna = tokens->authenticate(credentials).value();
  ASSERT_NE(anna, nullptr);
  EXPECT_EQ(anna->name, "anna");
  EXPECT_EQ(anna->groups, (std::vector<std::string>{"dev", "ops"}));
  credentials.bearer_token = "secre";
  EXPECT_EQ(tokens->authenticate(credentials).value(), nullptr);
}

TEST(StaticTokens, RefusesBadLinesWithoutShowingTheToken) {
  const auto bad = StaticTokens::parse("ok,a,1\nhush-hush,onlytwo\n");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("line 2"), std::string::npos);
  EXPECT_EQ(bad.error().message.find("hush"), std::string::npos);
}

class Access : public test::RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    ASSERT_TRUE(ensure_system_objects(*registry_).ok());
  }
  static User user(std::string name, std::vector<std::string> groups = {}) {
    User made;
    made.name = std::move(name);
    made.groups = std::move(groups);
    return made;
  }
  static Attributes asks(const User& user, std::string_view verb, std::string_view group, std::string_view resource, std::string_view namespace_ = {}, std::string_view name = {},
                         std::string_view subresource = {}) {
    Attributes a;
    a.user = &user;
    a.verb = verb;
    a.group = group;
    a.resource = resource;
    a.subresource = subresource;
    a.namespace_ = namespace_;
    a.name = name;
    return a;
  }
  static Attributes asks_path(const User& user, std::string_view path) {
    Attributes a;
    a.user = &user;
    a.verb = "get";
    a.is_resource = false;
    a.path = path;
    return a;
  }
  void bind(const std::string& namespace_, const std::string& role, const std::string& kind, const std::string& subject) {
    auto binding = std::make_shared<rbacv1::RoleBinding>();
    binding->metadata.name = "b-" + subject;
    binding->roleRef.apiGroup = "rbac.authorization.k8s.io";
    binding->roleRef.kind = "ClusterRole";
    binding->roleRef.name = role;
    auto& made = binding->subjects.emplace_back();
    made.kind = kind;
    made.name = subject;
    ASSERT_TRUE(create(binding, namespace_).ok());
  }
  std::shared_ptr<const corev1::ServiceAccount> account(const std::string& name) {
    auto made = std::make_shared<corev1::ServiceAccount>();
    made->metadata.name = name;
    EXPECT_TRUE(create(made).ok());
    return registry_->get<corev1::ServiceAccount>("default", name);
  }
};

TEST_F(Access, RbacFollowsTheBootstrapPolicy) {
  RbacAuthorizer rbac(*cache_);
  const User scheduler = user("system:kube-scheduler"), nobody = user("nobody", {"system:authenticated"}), stranger = user("system:anonymous", {"system:unauthenticated"});
  EXPECT_EQ(rbac.authorize(asks(scheduler, "create", "", "pods", "default", "p", "binding")).decision, Decision::allow);
  EXPECT_EQ(rbac.authorize(asks(scheduler, "get", "", "secrets", "default", "s")).decision, Decision::no_opinion);
  EXPECT_EQ(rbac.authorize(asks(nobody, "create", "authorization.k8s.io", "selfsubjectaccessreviews")).decision, Decision::allow);
  EXPECT_EQ(rbac.authorize(asks(nobody, "list", "", "pods", "default")).decision, Decision::no_opinion);
  EXPECT_EQ(rbac.authorize(asks_path(nobody, "/apis/apps")).decision, Decision::allow);
  EXPECT_EQ(rbac.authorize(asks_path(stranger, "/version")).decision, Decision::allow);
  EXPECT_EQ(rbac.authorize(asks_path(stranger, "/metrics")).decision, Decision::no_opinion);
}

TEST_F(Access, RoleBindingsGrantInTheirNamespaceAndStopWhenTheyGo) {
  RbacAuthorizer rbac(*cache_);
  const User robot = user("system:serviceaccount:default:robot");
  EXPECT_EQ(rbac.authorize(asks(robot, "list", "", "pods", "default")).decision, Decision::no_opinion);
  bind("default", "view", "ServiceAccount", "robot");
  const Verdict verdict = rbac.authorize(asks(robot, "list", "", "pods", "default"));
  EXPECT_EQ(verdict.decision, Decision::allow);
  EXPECT_NE(verdict.reason.find("RoleBinding \"b-robot/default\""), std::string::npos) << verdict.reason;
  EXPECT_EQ(rbac.authorize(asks(robot, "list", "", "pods", "kube-system")).decision, Decision::no_opinion);
  EXPECT_EQ(rbac.authorize(asks(robot, "list", "", "secrets", "default")).decision, Decision::no_opinion);
  ASSERT_TRUE(remove(rbacv1::RoleBinding::info(), "default", "b-robot").ok());
  EXPECT_EQ(rbac.authorize(asks(robot, "list", "", "pods", "default")).decision, Decision::no_opinion);
}

TEST_F(Access, RulesMatchSubresourcesNamesAndWildcards) {
  auto role = std::make_shared<rbacv1::ClusterRole>();
  role->metadata.name = "narrow";
  auto& one = role->rules.emplace_back();
  one.verbs = {"get"};
  one.apiGroups = {""};
  one.resources = {"pods/log", "*/scale"};
  auto& two = role->rules.emplace_back();
  two.verbs = {"*"};
  two.apiGroups = {""};
  two.resources = {"configmaps"};
  two.resourceNames = {"mine"};
  ASSERT_TRUE(create(role, "").ok());
  bind("default", "narrow", "User", "n");
  RbacAuthorizer rbac(*cache_);
  const User n = user("n");
  const auto may = [&](const Attributes& a) { return rbac.authorize(a).decision == Decision::allow; };
  EXPECT_TRUE(may(asks(n, "get", "", "pods", "default", "p", "log")));
  EXPECT_FALSE(may(asks(n, "get", "", "pods", "default", "p")));
  EXPECT_TRUE(may(asks(n, "get", "", "replicationcontrollers", "default", "r", "scale")));
  EXPECT_TRUE(may(asks(n, "delete", "", "configmaps", "default", "mine")));
  EXPECT_FALSE(may(asks(n, "delete", "", "configmaps", "default", "yours")));
  EXPECT_FALSE(may(asks(n, "list", "", "configmaps", "default")));
}

TEST_F(Access, NodesReadOnlyWhatTheirPodsName) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.name = "p";
  pod->spec.nodeName = "n1";
  pod->spec.serviceAccountName = "runner";
  auto& container = pod->spec.containers.emplace_back();
  container.name = "c";
  container.image = "i";
  container.envFrom.emplace_back().secretRef.ensure().localObjectReference.name = "env";
  auto& volume = pod->spec.volumes.emplace_back();
  volume.name = "v";
  volume.volumeSource.configMap.ensure().localObjectReference.name = "settings";
  auto& disk = pod->spec.volumes.emplace_back();
  disk.name = "disk";
  disk.volumeSource.persistentVolumeClaim.ensure().claimName = "claim";
  auto& rbd = pod->spec.volumes.emplace_back();
  rbd.name = "rbd";
  rbd.volumeSource.rbd.ensure().secretRef.ensure().name = "rbd-key";
  pod->spec.imagePullSecrets.emplace_back().name = "pull";
  ASSERT_TRUE(create(pod).ok());
  auto claim = std::make_shared<corev1::PersistentVolumeClaim>();
  claim->metadata.name = "claim";
  claim->spec.volumeName = "volume";
  claim->spec.accessModes.push_back("ReadWriteOnce");
  claim->spec.resources.requests.set("storage", api::QuantityText("1Gi"));
  ASSERT_TRUE(create(claim).ok());
  NodeAuthorizer authorizer(*registry_);
  const User one = user("system:node:n1", {"system:nodes"}), two = user("system:node:n2", {"system:nodes"}), impostor = user("system:node:n1");
  const auto may = [&](const Attributes& a) { return authorizer.authorize(a).decision == Decision::allow; };
  EXPECT_TRUE(may(asks(one, "get", "", "secrets", "default", "env")));
  EXPECT_TRUE(may(asks(one, "watch", "", "configmaps", "default", "settings")));
  EXPECT_TRUE(may(asks(one, "create", "", "serviceaccounts", "default", "runner", "token")));
  EXPECT_TRUE(may(asks(one, "get", "", "secrets", "default", "rbd-key")));
  EXPECT_TRUE(may(asks(one, "get", "", "secrets", "default", "pull")));
  EXPECT_TRUE(may(asks(one, "get", "", "persistentvolumeclaims", "default", "claim")));
  EXPECT_TRUE(may(asks(one, "get", "", "persistentvolumes", "", "volume")));
  EXPECT_FALSE(may(asks(one, "get", "", "persistentvolumes", "", "other")));
  EXPECT_FALSE(may(asks(one, "list", "", "persistentvolumes")));
  EXPECT_FALSE(may(asks(two, "get", "", "persistentvolumes", "", "volume")));
  EXPECT_FALSE(may(asks(one, "get", "", "secrets", "kube-system", "env")));
  EXPECT_FALSE(may(asks(two, "create", "", "serviceaccounts", "default", "runner", "token")));
  EXPECT_FALSE(may(asks(one, "create", "", "serviceaccounts", "default", "other", "token")));
  EXPECT_FALSE(may(asks(one, "get", "", "secrets", "default", "settings")));
  EXPECT_FALSE(may(asks(one, "list", "", "secrets", "default")));
  EXPECT_FALSE(may(asks(one, "update", "", "secrets", "default", "env")));
  EXPECT_FALSE(may(asks(two, "get", "", "secrets", "default", "env")));
  EXPECT_FALSE(may(asks(impostor, "get", "", "secrets", "default", "env")));
  EXPECT_TRUE(may(asks(two, "update", "coordination.k8s.io", "leases", "kube-node-lease", "n2")));
}

class Tokens : public Access {
 protected:
  void SetUp() override {
    Access::SetUp();
    tokens_ = ServiceAccountTokens::create({.signing_key_pem = net::generate_ec_key().value()}, clock_).value();
    tokens_->set_cluster(registry_.get());
  }
  std::string issue(const corev1::ServiceAccount& account, const std::function<void(authenticationv1::TokenRequest&)>& change = {}) {
    auto request = std::make_shared<authenticationv1::TokenRequest>();
    if (change) change(*request);
    const auto issued = tokens_->issue(context_, account, request);
    EXPECT_TRUE(issued.ok());
    return issued.ok() ? static_cast<const authenticationv1::TokenRequest&>(**issued).status.token.str() : "";
  }
  Result<UserPtr> who(std::string_view token) {
    Credentials credentials;
    credentials.bearer_token = token;
    return tokens_->authenticate(credentials);
  }
  std::unique_ptr<ServiceAccountTokens> tokens_;
};

TEST_F(Tokens, NameTheirAccountUntilTheyExpireOrItGoes) {
  const auto robot = account("robot");
  const std::string token = issue(*robot);
  const UserPtr user = who(token).value();
  EXPECT_EQ(user->name, "system:serviceaccount:default:robot");
  EXPECT_TRUE(user->in_group("system:serviceaccounts:default"));
  clock_.advance(2h);
  EXPECT_FALSE(who(token).ok());
  const std::string fresh = issue(*robot);
  EXPECT_TRUE(who(fresh).ok());
  ASSERT_TRUE(remove(corev1::ServiceAccount::info(), "default", "robot").ok());
  EXPECT_FALSE(who(fresh).ok());
  account("robot");  // another one of the same name
  EXPECT_FALSE(who(fresh).ok());
}

TEST_F(Tokens, RefuseEveryTampering) {
  const std::string token = issue(*account("robot"));
  for (std::size_t at = 0; at < token.size(); at += 7) {
    std::string forged = token;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    if (forged == token) continue;
    const auto answer = who(forged);
    EXPECT_TRUE(!answer.ok() || *answer == nullptr) << at;
  }
  const std::string none = base64url_encode(R"({"alg":"none"})") + token.substr(token.find('.'), token.rfind('.') - token.find('.')) + ".";
  EXPECT_FALSE(who(none).ok());
  EXPECT_EQ(who("opaque").value(), nullptr);
}

TEST_F(Tokens, AreForTheirAudienceAndBoundToTheirPod) {
  const auto robot = account("robot");
  EXPECT_FALSE(who(issue(*robot, [](auto& request) { request.spec.audiences = {"elsewhere"}; })).ok());
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.name = "p";
  pod->spec.serviceAccountName = "robot";
  auto& container = pod->spec.containers.emplace_back();
  container.name = "c";
  container.image = "i";
  ASSERT_TRUE(create(pod).ok());
  const std::string token = issue(*robot, [](auto& request) {
    auto& bound = request.spec.boundObjectRef.ensure();
    bound.kind = "Pod";
    bound.name = "p";
  });
  EXPECT_EQ(who(token).value()->extra.at("authentication.kubernetes.io/pod-name"), std::vector<std::string>{"p"});
  metav1::DeleteOptions now;
  now.gracePeriodSeconds = 0;
  ASSERT_TRUE(remove(corev1::Pod::info(), "default", "p", now).ok());
  EXPECT_FALSE(who(token).ok());
}

TEST_F(Tokens, ReviewsAnswerForOthers) {
  const auto robot = account("robot");
  SuperuserAuthorizer masters;
  RbacAuthorizer rbac(*cache_);
  ReviewOptions options;
  options.authorizers = {&masters, &rbac};
  options.service_accounts = tokens_.get();
  const auto reviews = make_reviews(options);

  auto token = std::make_shared<authenticationv1::TokenReview>();
  token->spec.token = issue(*robot);
  const auto reviewed = reviews.at("tokenreviews.authentication.k8s.io")->create(context_, "", token);
  ASSERT_TRUE(reviewed.ok());
  EXPECT_TRUE(token->status.authenticated);
  EXPECT_EQ(token->status.user.username, "system:serviceaccount:default:robot");
  EXPECT_TRUE(token->spec.token.empty()) << "a token is not sent back";

  auto access = std::make_shared<authorizationv1::SubjectAccessReview>();
  access->spec.user = "someone";
  access->spec.groups = {"system:masters"};
  auto& wanted = access->spec.resourceAttributes.ensure();
  wanted.verb = "delete";
  wanted.resource = "nodes";
  ASSERT_TRUE(reviews.at("subjectaccessreviews.authorization.k8s.io")->create(context_, "", access).ok());
  EXPECT_TRUE(access->status.allowed);
  access->spec.groups.clear();
  ASSERT_TRUE(reviews.at("subjectaccessreviews.authorization.k8s.io")->create(context_, "", access).ok());
  EXPECT_FALSE(access->status.allowed);

  const auto empty = reviews.at("selfsubjectaccessreviews.authorization.k8s.io")->create(context_, "", std::make_shared<authorizationv1::SelfSubjectAccessReview>());
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.status().code, 422);
}

}  // namespace
}  // namespace plumb::apiserver
