/*
 * The library that some fake BLAS needs.
 */
int fake_dependency(void);

int fake_dependency(void)
{
	return 1;
}
