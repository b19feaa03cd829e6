/*
 * The journal of an exchange: what is written is what is read, and what lets nothing else pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "install/journal.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		(s), sizeof(s) - 1                                                                 \
	}

static const lk_str good[] = {
	TEXT("lockenv-journal 1\0install\0out 0 etc\0end\0"),
	TEXT("lockenv-journal 1\0install keep\0both 4711 bin\0in 4712 share\0end\0"),
	TEXT("lockenv-journal 1\0rollback\0both 18446744073709551615 a b\nc\0end\0"),
	TEXT("lockenv-journal 1\0install\0in 1 end\0end\0"),
};

static const lk_str bad[] = {
	TEXT(""),
	TEXT("\0"),
	TEXT("lockenv-journal 2\0install\0out 0 etc\0end\0"),
	TEXT("lockenv-journal 1\0"),
	TEXT("lockenv-journal 1\0remove\0out 0 etc\0end\0"),
	TEXT("lockenv-journal 1\0install\0end\0"), /* nothing is exchanged */
	TEXT("lockenv-journal 1\0install\0out 0 etc\0"),
	TEXT("lockenv-journal 1\0install\0out 0 etc"),
	TEXT("lockenv-journal 1\0install\0out 0 etc\0end\0more\0"),
	TEXT("lockenv-journal 1\0install\0out 0 etc\0\0end\0"),
	TEXT("lockenv-journal 1\0install\0aside 0 etc\0end\0"),
	TEXT("lockenv-journal 1\0install\0out x etc\0end\0"),
	TEXT("lockenv-journal 1\0install\0out -1 etc\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 18446744073709551616 etc\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0 \0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0 .\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0 ..\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0 /etc\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0 etc/passwd\0end\0"),
	TEXT("lockenv-journal 1\0install\0out 0 ../etc\0end\0"),
	TEXT("lockenv-journal 1\ninstall\nout 0 etc\nend\n"),
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_journal journal = {0};
		struct lk_error err = LK_ERROR_INIT;
		if (lk_journal_parse(bad[i], &arena, &journal, &err) != LK_E_FORMAT) {
			fail_msg("bad text %zu was taken", i);
		}
		assert_int_equal(journal.names.len, 0);
		lk_error_clear(&err);
	}
}

/* A cut anywhere is no journal. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(good); i++) {
		for (size_t len = 0; len < good[i].len; len++) {
			struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
			struct lk_journal journal = {0};
			struct lk_error err = LK_ERROR_INIT;
			int rc = lk_journal_parse(
				lk_str_slice(good[i], 0, len), &arena, &journal, &err);
			lk_vec_done(&journal.names);
			lk_error_clear(&err);
			/* The last NUL ends the text as well as its end does. */
			if (rc != LK_E_FORMAT && len + 1 < good[i].len) {
				fail_msg("text %zu, cut after %zu bytes, was taken", i, len);
			}
		}
	}
}

static void test_again(void **state)
{
	char place[] = "/tmp/lockenv-journal-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(place));
	int dirfd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dirfd >= 0);
	for (size_t i = 0; i < LK_COUNTOF(good); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
		struct lk_journal journal = {0};
		struct lk_journal again = {0};
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(lk_journal_parse(good[i], &arena, &journal, &err), 0);
		assert_int_equal(lk_journal_write(dirfd, &journal, &err), 0);
		assert_int_equal(lk_fs_read_file(dirfd, LK_JOURNAL_NAME, &text, &err), 0);
		assert_true(lk_str_eq(lk_buf_view(&text), good[i]));
		assert_int_equal(lk_journal_read(dirfd, &arena, &again, &err), 0);
		assert_int_equal(again.names.len, journal.names.len);
		assert_int_equal(again.keep, journal.keep);
		assert_int_equal(again.rollback, journal.rollback);
		assert_int_equal(lk_journal_remove(dirfd, &err), 0);
		assert_int_equal(lk_journal_remove(dirfd, &err), 0);
		lk_vec_done(&again.names);
		assert_int_equal(lk_journal_read(dirfd, &arena, &again, &err), LK_E_NOT_FOUND);
		lk_error_clear(&err);
		/* A link is not followed. */
		assert_int_equal(symlinkat("elsewhere", dirfd, LK_JOURNAL_NAME), 0);
		assert_true(lk_journal_read(dirfd, &arena, &again, &err) < 0);
		assert_int_equal(unlinkat(dirfd, LK_JOURNAL_NAME, 0), 0);
		lk_error_clear(&err);
		lk_vec_done(&journal.names);
	}
	close(dirfd);
	rmdir(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
