#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(auth, service_account_lifecycle,
                  {.requirement = "A ServiceAccount MUST be seen by a watch when it is created and deleted, be patched and updated with the new values read back, and be found by its labels.",
                   .covers = {"ServiceAccount lifecycle test", "ServiceAccount, update a ServiceAccount"}}) {
  using namespace plumb::harness;
  const Resource accounts = c.in("v1", "serviceaccounts");
  Query ours{{"labelSelector", "plumb.io/account=one"}};
  auto from_now = ours;
  from_now["resourceVersion"] = version_of(c.must(c.client().list(accounts, {})));
  const auto watch = c.must(c.client().watch(accounts, from_now));

  c.create({{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "one"}, {"labels", {{"plumb.io/account", "one"}}}}}});
  EXPECT_EQ(text_at(expect_event(c, *watch, "ADDED", "one"), "/metadata/labels/plumb.io~1account"), "one");

  c.must(c.client().patch(accounts, "one", PatchKind::strategic, {{"automountServiceAccountToken", false}}));
  const Json listed = c.must(c.client().list({"v1", "serviceaccounts", ""}, ours))["items"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(at(listed[0], "/automountServiceAccountToken"), Json(false));

  c.eventually("an update", [&] {
    Json next = c.must(c.client().get(accounts, "one"));
    next["automountServiceAccountToken"] = true;
    return c.client().update(accounts, next).ok();
  });
  EXPECT_EQ(at(c.must(c.client().get(accounts, "one")), "/automountServiceAccountToken"), Json(true));

  c.must(c.client().remove_collection(accounts, ours));
  expect_event(c, *watch, "DELETED", "one");
}
