/*
 * Ed25519: the examples of RFC 8032 (7.1), every changed bit, signatures that only look canonical.
 */
#include "base/ed25519.h"

#include "base/hex.h"
#include "tests/unit/base/base_test.h"

static const struct {
	const char *seed, *public, *message, *signature;
} vectors[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
		"fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
		"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	{"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
		"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
		"09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

struct sample {
	struct lk_ed25519_seed seed;
	struct lk_ed25519_key public;
	struct lk_ed25519_signature signature;
	unsigned char message[64];
	size_t len;
};

static struct sample sample_at(size_t i)
{
	struct sample s = {.len = strlen(vectors[i].message) / 2};
	assert_true(lk_unhex(lk_str_of(vectors[i].seed), s.seed.bytes, sizeof(s.seed)));
	assert_true(lk_unhex(lk_str_of(vectors[i].public), s.public.bytes, sizeof(s.public)));
	assert_true(lk_unhex(lk_str_of(vectors[i].message), s.message, s.len));
	assert_true(
		lk_unhex(lk_str_of(vectors[i].signature), s.signature.bytes, sizeof(s.signature)));
	return s;
}

static bool holds(const struct sample *s)
{
	return lk_ed25519_holds(&s->public, &s->signature, s->message, s->len);
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(vectors); i++) {
		struct sample s = sample_at(i);
		struct lk_ed25519_key public = lk_ed25519_public(&s.seed);
		assert_true(lk_ed25519_key_eq(&public, &s.public));
		struct lk_ed25519_signature signature = lk_ed25519_sign(&s.seed, s.message, s.len);
		assert_memory_equal(&signature, &s.signature, sizeof(signature));
		assert_true(holds(&s));
	}
}

static void test_every_bit_counts(void **state)
{
	(void)state;
	struct sample s = sample_at(3);
	for (size_t bit = 0; bit < 8 * sizeof(s.signature); bit++) {
		s.signature.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_false(holds(&s));
		s.signature.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * s.len; bit++) {
		s.message[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_false(holds(&s));
		s.message[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(s.public); bit++) {
		s.public.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_false(holds(&s));
		s.public.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	s.len--;
	assert_false(holds(&s));
}

/* S and S + L sign alike where L, the order of the group, is not looked at: two signatures for one
 * message. */
static void test_one_signature(void **state)
{
	(void)state;
	static const unsigned char order[] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
		0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10};
	struct sample s = sample_at(1);
	unsigned carry = 0;
	for (size_t i = 0; i < sizeof(order); i++) {
		carry += (unsigned)s.signature.bytes[32 + i] + order[i];
		s.signature.bytes[32 + i] = (unsigned char)carry;
		carry >>= 8;
	}
	assert_int_equal(carry, 0);
	assert_false(holds(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_one_signature),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
